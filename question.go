package gondola

import (
	"github.com/gondola-sync/gondola/internal/engine/session"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// ErrOtherQuestion is wrapped by the fault with which a run refuses a session
// that keeps another window, filter, quality or album than the run asks for.
var ErrOtherQuestion = session.ErrOtherQuestion

// Question is what a session answers: what to carry, from where to where.
type Question struct {
	From, To string       // stations
	Window   media.Window // the zero Window is everything
	Filter   media.Filter
	Album    string // title; "" for none
	Quality  string // "source", a height, or "" for "source"
	Layout   string // where the destination puts items; "" for its default
	Albums   string // "mirror" for those of the source; "" for none
}

// question returns what the options ask.
func (o Options) question() Question {
	q := Question{
		From: o.Source.Name(), To: o.Destination.Name(),
		Window: o.Window, Filter: o.Filter, Album: o.Album,
	}
	if o.MirrorAlbums {
		q.Albums = state.MirrorAlbums
	}
	if source, ok := o.Source.(station.Qualifier); ok {
		q.Quality = source.Quality()
	}
	if destination, ok := o.Destination.(station.Arranger); ok {
		q.Layout = destination.Layout()
	}
	return q
}

// DeriveSessionID names the session of a command that names none, so that the
// same command resumes itself and another one does not.
func DeriveSessionID(q Question) string { return session.Derive(session.Question(q)) }
