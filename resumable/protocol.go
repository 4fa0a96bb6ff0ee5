package resumable

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
)

// Protocol is a way to upload one object in a session of several requests.
// Implementations send exactly one request per call and are safe for
// concurrent use.
type Protocol interface {
	// Raw sends the whole object in one request, outside any session. Its size may
	// be Unknown: body is then sent to its end.
	Raw(ctx context.Context, m Media, body io.Reader) (State, error)
	// Start opens a session.
	Start(ctx context.Context, m Media) (Session, error)
	// Send sends one segment. State.Confirmed may be less than the segment's
	// end: the rest has to be sent again. With an error, State.Result is what the
	// object's result will be if Query says that the session is finished.
	Send(ctx context.Context, s Session, seg Segment) (State, error)
	// Query asks how far a session has come. An error that is ErrSessionLost
	// means that it cannot be continued.
	Query(ctx context.Context, s Session) (State, error)
	// Cancel ends a session that will not be finished.
	Cancel(ctx context.Context, s Session) error
}

// Unknown is the size of an object that shows only when its source ends.
const Unknown int64 = -1

// Media says what is uploaded.
type Media struct {
	Size        int64           // bytes, or Unknown
	ContentType string          // MIME type; "" for application/octet-stream
	Metadata    json.RawMessage // JSON object that describes the object to the server; nil for none
	Header      http.Header     // of the request that starts the upload, and of no other
}

// Session is an upload in progress at the server. URL is a credential.
type Session struct {
	URL         string
	Granularity int64 // bytes; the length of each segment but the last is a multiple
}

// String describes the session without its secret.
func (s Session) String() string {
	return fmt.Sprintf("session at %s in units of %d bytes", redactURL(s.URL), s.Granularity)
}

// GoString is String.
func (s Session) GoString() string { return s.String() }

// LogValue keeps the secret out of logs.
func (s Session) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Segment is a run of bytes that one request carries.
type Segment struct {
	Offset int64 // of the first byte within the object
	Length int64 // bytes
	Total  int64 // bytes of the whole object; Unknown while more may follow
	// Body yields at least Length bytes. It is not read after the call that
	// takes the segment has returned. If it is an io.Closer, it is closed when
	// the request ends before all of it was read, and Close must then end a
	// Read in progress.
	Body io.Reader
}

// Last reports whether the object is complete with this segment.
func (s Segment) Last() bool { return s.Offset+s.Length == s.Total }

// check returns ErrOffset or ErrGranularity for a segment that no server takes.
func (s Segment) check(granularity int64) error {
	switch {
	case s.Offset < 0 || s.Length < 0 || s.Total != Unknown && s.Offset > s.Total-s.Length:
		return fmt.Errorf("%w: %d bytes at %d of %d", ErrOffset, s.Length, s.Offset, s.Total)
	case s.Last():
		return nil
	case s.Length == 0 || granularity > 0 && s.Length%granularity != 0:
		return fmt.Errorf("%w: %d bytes in units of %d", ErrGranularity, s.Length, granularity)
	}
	return nil
}

// State is where a session stands.
type State struct {
	Final     bool    // the object is complete
	Confirmed int64   // bytes the server holds; all of them if Final
	Result    string  // with Final: what the server returned for the object; "" if it did not say
	Status    int     // with Final: HTTP status of the answer; 0 if not known
	Object    *Object // with Final: what the answer says about the object; nil if nothing
}

// redactURL returns a URL without its query, user and fragment.
func redactURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return "(unreadable URL)"
	}
	return u.Scheme + "://" + u.Host + u.EscapedPath()
}

// rules are what the Uploader has to know of a protocol besides its methods.
// Those of a Protocol from elsewhere are zero.
type rules struct {
	single  single
	unit    int64 // of segments, in bytes; 0: Start returns it
	counted bool  // each answer counts the bytes held and describes the object: both are checked
}

// single says which objects go in one request.
type single int

const (
	small single = iota // those within Uploader.RawLimit
	always
	never
)

func rulesOf(p Protocol) rules {
	if r, ok := p.(interface{ rules() rules }); ok {
		return r.rules()
	}
	return rules{}
}
