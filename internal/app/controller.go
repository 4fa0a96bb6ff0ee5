package app

import (
	"context"
	"fmt"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
)

// Controller opens stations and stores for a front, and starts runs.
type Controller struct {
	Kinds   Registry
	Openers Openers // with the values of their flags
	Env     *Env
	Store   string // URI of the store of sessions
}

// Source opens a station to carry from.
func (c *Controller) Source(ctx context.Context, text string, o SourceOptions) (station.Source, error) {
	uri, err := c.parse(text, AsSource)
	if err != nil {
		return nil, err
	}
	opener, ok := c.Openers.Of(uri.Scheme).(Source)
	if !ok {
		return nil, usagef("%q cannot be carried from", text)
	}
	return opener.Source(ctx, c.Env, uri, o)
}

// Destination opens a station to carry to.
func (c *Controller) Destination(ctx context.Context, text string, o DestinationOptions) (*OpenDestination, error) {
	uri, err := c.parse(text, AsDestination)
	if err != nil {
		return nil, err
	}
	opener, ok := c.Openers.Of(uri.Scheme).(Destination)
	if !ok {
		return nil, fmt.Errorf("%q cannot be carried to", text)
	}
	return opener.Destination(ctx, c.Env, uri, o)
}

// parse parses the URI of a station that is used in a role, with the flags of the
// command.
func (c *Controller) parse(text string, role Role) (URI, error) {
	uri, err := c.Kinds.Parse(text)
	if err != nil {
		return uri, err
	}
	return uri, c.Openers.check(uri, role, c.Env.Origins)
}

// layout returns the layout that flags set for a destination; "" for none.
func (c *Controller) layout(to string) string {
	uri, err := c.Kinds.Parse(to)
	if opener, ok := c.Openers.Of(uri.Scheme).(Arranger); err == nil && ok {
		return opener.Layout()
	}
	return ""
}

// List opens a station for listing; refuse returns why a sync to the default
// destination would not carry an item from it.
func (c *Controller) List(ctx context.Context, text string, o SourceOptions) (list List, refuse func(media.Item) *media.Refusal, err error) {
	uri, err := c.parse(text, AsSource)
	if err != nil {
		return nil, nil, err
	}
	if opener, ok := c.Openers.Of(uri.Scheme).(Lister); ok {
		list, err = opener.Lister(ctx, c.Env, uri)
		return list, func(media.Item) *media.Refusal { return nil }, err
	}
	source, err := c.Source(ctx, text, o)
	to, _ := c.Kinds.Parse(c.Kinds.DefaultTo())
	return source, c.Openers.Of(to.Scheme).(Destination).Refuse, err
}
