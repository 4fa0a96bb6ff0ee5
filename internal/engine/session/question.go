package session

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
)

// ErrOtherQuestion is wrapped by the fault with which a run refuses a session
// that keeps another window, filter, quality or album than the run asks for.
var ErrOtherQuestion = errors.New("it answers another question")

// Question is what a session answers: what to carry, from where to where.
type Question struct {
	From, To string       // stations
	Window   media.Window // the zero Window is everything
	Filter   media.Filter
	Album    string // title; "" for none
	Quality  string // "source", a height, or "" for "source"
	Layout   string // where the destination puts items; "" for its default
	Albums   string // state.MirrorAlbums or ""
}

// questionOf returns what a stored session answers.
func questionOf(s *state.Session) (Question, error) {
	w, err := s.CaptureWindow()
	return Question{From: s.From, To: s.To, Window: w, Filter: s.Filter, Album: s.Album, Quality: s.Quality, Layout: s.Layout, Albums: s.Albums}, err
}

// Derive names the session of a command that names none, so that the
// same command resumes itself and another one does not.
func Derive(q Question) string {
	if q.Filter.IsZero() && q.Album == "" && q.Albums == "" && q.Layout == "" && quality(q.Quality) == sourceQuality {
		return q.span()
	}
	return q.markedID()
}

// span names the stations and the window.
func (q Question) span() string {
	id := stationWord(q.From) + "-" + stationWord(q.To)
	if q.Window.IsZero() {
		return id + "-everything"
	}
	return id + "-" + windowWord(q.Window.Start, "begin") + "-" + windowWord(q.Window.End, "now")
}

// stationWord makes a station's name fit into a session id.
func stationWord(uri string) string {
	if word, ok := strings.CutSuffix(uri, ":"); ok {
		return word
	}
	sum := sha256.Sum256([]byte(uri))
	return "folder" + hex.EncodeToString(sum[:4])
}

// markedID names everything that the question has, the rest by its digest.
func (q Question) markedID() string {
	text, _ := json.Marshal(struct {
		Window         media.Window
		Filter         media.Filter
		Album, Quality string
		Layout         string `json:",omitempty"`
		Albums         string `json:",omitempty"`
	}{media.Window{Start: q.Window.Start.UTC(), End: q.Window.End.UTC()}, q.Filter.Canonical(), title(q.Album), quality(q.Quality), q.Layout, q.Albums})
	sum := sha256.Sum256(text)
	return q.span() + "-" + hex.EncodeToString(sum[:4])
}

func windowWord(t time.Time, open string) string {
	if t.IsZero() {
		return open
	}
	t = t.UTC()
	if t.Equal(t.Truncate(24*time.Hour)) || t.Add(1).Equal(t.Add(1).Truncate(24*time.Hour)) {
		return t.Format("20060102")
	}
	return t.Format("20060102T150405")
}

// sourceQuality is the quality of the originals.
const sourceQuality = "source"

// quality returns the one form of all words for a quality.
func quality(word string) string {
	word = strings.ToLower(cmp.Or(word, sourceQuality))
	if height, err := strconv.Atoi(word); err == nil {
		return strconv.Itoa(height)
	}
	return word
}

// title returns the one form of all ways to write an album's title.
func title(text string) string {
	if clean, err := media.AlbumTitle(text); err == nil {
		return clean
	}
	return text
}

// Find returns the id of the session that answers a question.
//
// Earlier versions named sessions by stations and window alone: a session of
// theirs is resumed if it holds exactly this question, and is out of the way of
// another one. So is a session of another origin, which is asked for only if there
// is a session to compare it with.
func Find(ctx context.Context, b state.Backend, q Question, origin func(context.Context) (string, error)) (string, error) {
	id, h := q.find(ctx, b)
	if h != nil {
		id = q.ofOrigin(ctx, h, origin)
	}
	return id, ctx.Err()
}

// find returns the id of the session that answers the question, whatever its
// origin, and its header if it is stored; what is wrong with it, Open says.
func (q Question) find(ctx context.Context, b state.Backend) (string, *state.Session) {
	id := Derive(q)
	h, err := b.Session(ctx, id)
	if err == nil && len(differences(h, q)) > 0 {
		id = q.markedID()
		h, err = b.Session(ctx, id)
	}
	if errors.Is(err, state.ErrNotFound) {
		earlier, err := b.Session(ctx, q.span())
		if err == nil && len(differences(earlier, q)) == 0 {
			return earlier.ID, earlier
		}
	}
	if err != nil {
		return id, nil
	}
	return id, h
}

// ofOrigin returns the id of the stored session, or of another one if the session
// is of another origin.
func (q Question) ofOrigin(ctx context.Context, h *state.Session, origin func(context.Context) (string, error)) string {
	if h.Origin == "" {
		return h.ID
	}
	now, err := origin(ctx)
	if err != nil || now == "" || now == h.Origin {
		return h.ID // listing the source fails in the same way
	}
	sum := sha256.Sum256([]byte(now))
	return h.ID + "-" + hex.EncodeToString(sum[:4])
}

// difference is what a stored session and a question do not agree on.
type difference struct{ what, stored, asked string }

func (d difference) String() string {
	return fmt.Sprintf("%s %s, not %s", d.what, d.stored, d.asked)
}

// differences compares a stored session with a whole question.
func differences(s *state.Session, q Question) (all []difference) {
	stored, err := questionOf(s)
	if err != nil {
		return nil // Open fails with the same error
	}
	add := func(differ bool, what, stored, asked string) {
		if differ {
			all = append(all, difference{what, stored, asked})
		}
	}
	if s.Foreign { // it keeps the window alone, to the second
		stored.Filter.MaxItems = q.Filter.MaxItems
	}
	add(!stored.Filter.Equal(q.Filter), "filter", stored.Filter.String(), q.Filter.String())
	if s.Foreign {
		add(!sameSecond(stored.Window, q.Window), "window", stored.Window.String(), q.Window.String())
		return all
	}
	add(!stored.Window.Equal(q.Window), "window", stored.Window.String(), q.Window.String())
	add(stored.From != q.From || stored.To != q.To, "stations", stored.From+" to "+stored.To, q.From+" to "+q.To)
	add(quality(stored.Quality) != quality(q.Quality), "quality", quality(stored.Quality), quality(q.Quality))
	add(stored.Layout != q.Layout, "layout", layoutWord(stored.Layout), layoutWord(q.Layout))
	add(stored.Albums != q.Albums, "mirrored albums", albumsWord(stored.Albums), albumsWord(q.Albums))
	add(title(stored.Album) != title(q.Album) && !opensAlbum(s, q.Album), "album", albumWord(stored.Album), albumWord(q.Album))
	return all
}

// sameSecond reports whether two windows have the same ends but for a fraction
// of a second.
func sameSecond(a, b media.Window) bool {
	return a.Start.Truncate(time.Second).Equal(b.Start.Truncate(time.Second)) &&
		a.End.Truncate(time.Second).Equal(b.End.Truncate(time.Second))
}

// opensAlbum reports whether a session that has named an album but not opened it
// yet, so that nothing is in it, can take another title.
func opensAlbum(s *state.Session, album string) bool {
	return s.Album != "" && s.AlbumID == "" && album != ""
}

func layoutWord(template string) string {
	if template == "" {
		return "by default"
	}
	return strconv.Quote(template)
}

func albumsWord(albums string) string {
	if albums == "" {
		return "none"
	}
	return "all"
}

func albumWord(title string) string {
	if title == "" {
		return "none"
	}
	return strconv.Quote(title)
}

// completed returns the question with what was left out as the session keeps it:
// a command that names a session need not repeat what it asked for.
func (q Question) completed(s *state.Session) Question {
	stored, err := questionOf(s)
	if err != nil {
		return q
	}
	if q.Window.IsZero() {
		q.Window = stored.Window
	}
	if q.Filter.IsZero() {
		q.Filter = stored.Filter
	}
	q.Album = cmp.Or(q.Album, stored.Album)
	q.Quality = cmp.Or(q.Quality, stored.Quality)
	q.Layout = cmp.Or(q.Layout, stored.Layout)
	q.Albums = cmp.Or(q.Albums, stored.Albums)
	return q
}

func otherQuestion(id string, found []difference) error {
	var words []string
	for _, d := range found {
		words = append(words, d.String())
	}
	return &fault.Error{
		Class: fault.Session, Code: fault.State,
		Op:   "resume session " + id,
		Err:  fmt.Errorf("%w: %s", ErrOtherQuestion, strings.Join(words, "; ")),
		Hint: "leave out what differs to go on with this session, or name another one with --session-id; what is at the destination is not sent again",
	}
}
