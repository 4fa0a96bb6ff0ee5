package media

// Filter says which items of a listing to take. The zero Filter takes all.
type Filter struct {
	Types    []string `json:"types,omitempty"`   // kinds or the source's own types, any case
	Include  []string `json:"include,omitempty"` // path.Match patterns on Name, any case; none means all
	Exclude  []string `json:"exclude,omitempty"` // patterns that win over Include
	MaxItems int      `json:"max_items,omitempty"`
}
