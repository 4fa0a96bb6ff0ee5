package media

// ListOptions say what of a source to list. The functions may be nil. They are
// called by one goroutine at a time.
type ListOptions struct {
	Window Window // of capture times
	// Known reports whether all items that a medium has in the state of this
	// revision are known: see [Item.Revision]. Then none of them is listed.
	Known func(medium, revision string) bool
	// Wants reports whether items of a kind and of the source's own type are
	// wanted. A medium that consists of others only need not be listed.
	Wants func(kind Kind, typ string) bool
	// Notice is called with what people should know of the listing.
	Notice func(text string)
}
