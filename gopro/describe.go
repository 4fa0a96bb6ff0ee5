package gopro

import (
	"bytes"
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/gondola-sync/gondola/internal/jsonlimit"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
)

// describedFields are the members that describe a medium beyond rowFields.
const describedFields = "content_description,content_type,content_source,client_updated_at,composition,firmware_version," +
	"folder_path,fov,item_durations,location,location_name,mce_subtype,mce_type,moments_count,music_track_artist," +
	"music_track_name,orientation,resolution,revision_number,source_duration,source_gumi,stabilized,tags"

// Describe implements [station.Describer]. What the listing of this run showed is at
// hand for thousands of media; any other costs a request for its record.
func (s *Source) Describe(ctx context.Context, item media.Item) (station.Description, error) {
	id := item.ID.Medium
	if d, ok := s.records.get(id); ok {
		return d.description(), nil
	}
	row, err := s.client.medium(ctx, id, rowFields+","+describedFields)
	if err != nil {
		return station.Description{}, err
	}
	d := row.described()
	s.records.put(id, d)
	return d.description(), nil
}

// described is what is kept of a row that was asked for with describedFields.
type described struct {
	title, camera string
	record        json.RawMessage // without credentials
}

func (r Row) described() described { return described{r.Title, r.Camera, r.Record} }

func (d described) size() int { return len(d.title) + len(d.camera) + len(d.record) }

func (d described) description() station.Description {
	o := objectOf(d.record)
	return station.Description{
		Title: d.title, Text: o.text("content_description"), Maker: makerOf(d.camera),
		Place: placeOf(objectOf(o.get("location"))), Record: d.record,
	}
}

// makerOf returns the maker of a camera, "" if its model does not name one.
func makerOf(model string) string {
	lower := strings.ToLower(model)
	for _, own := range []string{"hero", "gopro", "max", "fusion"} {
		if strings.HasPrefix(lower, own) {
			return "GoPro"
		}
	}
	return ""
}

// placeOf reads a position, or returns nil.
func placeOf(o object) *station.Place {
	p := &station.Place{}
	if !o.number(&p.Latitude, "latitude", "lat") || !o.number(&p.Longitude, "longitude", "lon", "lng") {
		return nil
	}
	if altitude := 0.0; o.number(&altitude, "altitude", "alt") {
		p.Altitude = &altitude
	}
	return p
}

// number reads the first member of these names that is a number.
func (o object) number(to *float64, names ...string) bool {
	for _, name := range names {
		if raw := o.get(name); len(raw) > 0 && string(raw) != "null" && json.Unmarshal(raw, to) == nil {
			return true
		}
	}
	return false
}

// mostRecords bounds what records takes, in bytes.
const mostRecords = 8 << 20

// records remembers what rows say, up to mostRecords: the listing runs ahead of the
// transfers, so that what it shows first is needed first. It is safe for concurrent
// use.
type records struct {
	mu   sync.Mutex // guards what follows
	by   map[string]described
	size int // bytes
}

// recordOverhead is about what an entry takes beside its texts, in bytes.
const recordOverhead = 200

func (r *records) put(id string, d described) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, known := r.by[id]; known || r.size+d.size()+recordOverhead > mostRecords {
		return
	}
	if r.by == nil {
		r.by = map[string]described{}
	}
	r.by[id] = d
	r.size += d.size() + recordOverhead
}

func (r *records) get(id string) (described, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	d, ok := r.by[id]
	return d, ok
}

// recordOf returns a row as the cloud sent it, without what is null, what says
// nothing of the medium, and credentials; nil if it is too large.
func recordOf(row []byte) json.RawMessage {
	if jsonlimit.Check(row, rowLimits.Values) != nil {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(row))
	decoder.UseNumber()
	var members map[string]any
	if decoder.Decode(&members) != nil {
		return nil
	}
	record, err := json.Marshal(harmless(members))
	if err != nil || len(record) > station.MostRecord {
		return nil
	}
	return record
}

// credentials are parts of the names of members that may hold credentials, and
// private those that only describe the account.
var (
	credentials = []string{"token", "secret", "password", "signature", "credential", "cookie", "url", "session", "jwt"}
	private     = []string{"head", "heads", "user_id", "gopro_user_id", "email", "region", "subscription_type"}
)

// signedText matches texts that are, or hold, an address with a query or a login, or a
// signedText token.
var signedText = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://\S*[?@]|eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.`)

// harmless returns a decoded value without credentials, and without null; nil for a
// value that is one.
func harmless(value any) any {
	switch value := value.(type) {
	case string:
		if signedText.MatchString(value) {
			return nil
		}
	case []any:
		return slices.DeleteFunc(mapped(value), func(v any) bool { return v == nil })
	case map[string]any:
		for name, v := range value {
			if v = harmless(v); v == nil || isPrivate(name) {
				delete(value, name)
			} else {
				value[name] = v
			}
		}
	}
	return value
}

func mapped(values []any) []any {
	for i, v := range values {
		values[i] = harmless(v)
	}
	return values
}

func isPrivate(name string) bool {
	name = strings.ToLower(name)
	return slices.Contains(private, name) || slices.ContainsFunc(credentials, func(part string) bool { return strings.Contains(name, part) })
}
