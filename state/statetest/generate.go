package statetest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"time"
	"unicode"

	"pgregory.net/rapid"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
)

// filler sets values by reflection, at every depth, so that no field can be
// forgotten. Without t every field is set and no two are alike; with t they are
// drawn, and may be zero.
type filler struct {
	t *rapid.T
	n int // what has been set
}

// drawn returns a drawn value, or without t the given one.
func drawn[T any](f *filler, fixed T, of *rapid.Generator[T]) T {
	if f.t == nil {
		return fixed
	}
	return of.Draw(f.t, fmt.Sprintf("%T %d", fixed, f.n))
}

// some reports whether what may be left out is there.
func (f *filler) some() bool { return drawn(f, true, rapid.Bool()) }

func (f *filler) text() string {
	return drawn(f, fmt.Sprint("text ", f.n),
		rapid.StringOfN(rapid.RuneFrom([]rune("aZ0 <>&\"\\'/.é漢🚠"), unicode.Letter, unicode.Punct), 0, 12, 40))
}

// time returns a time in UTC of whole microseconds, or the zero time.
func (f *filler) time() time.Time {
	if !f.some() {
		return time.Time{}
	}
	fixed := time.Date(2026, 1, 8, 9, 0, f.n, 5000, time.UTC)
	return drawn(f, fixed, rapid.Map(rapid.Int64Range(0, 4_000_000_000_000_000), func(us int64) time.Time { return time.UnixMicro(us).UTC() }))
}

func (f *filler) json() json.RawMessage {
	return drawn(f, json.RawMessage(fmt.Sprintf(`{"n":%d}`, f.n)), rapid.Map(rapid.SampledFrom([]string{
		`true`, `12`, `"<&>é"`, `[]`, `[1,"a",null]`, `{"deep":{"deeper":[{}]}}`, `{"url":"https://u.example/?a=1&b=2","granularity":262144}`,
	}), func(text string) json.RawMessage { return json.RawMessage(text) }))
}

// fill sets v and all in it.
func (f *filler) fill(v reflect.Value) {
	f.n++
	if f.special(v.Addr().Interface()) {
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(f.text())
	case reflect.Bool:
		v.SetBool(f.some())
	case reflect.Int, reflect.Int64:
		v.SetInt(drawn(f, int64(f.n), rapid.Int64Range(0, 1<<40)))
	case reflect.Uint8:
		v.SetUint(drawn(f, uint64(f.n), rapid.Uint64Range(0, 255)))
	case reflect.Pointer:
		if f.some() {
			v.Set(reflect.New(v.Type().Elem()))
			f.fill(v.Elem())
		}
	case reflect.Slice:
		n := drawn(f, 2, rapid.IntRange(0, 3))
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			f.fill(v.Index(i))
		}
	case reflect.Map:
		f.fillStages(v)
	case reflect.Struct:
		for i := range v.NumField() {
			f.fill(v.Field(i))
		}
	default:
		panic(fmt.Sprintf("a field of type %v: say here how to fill it", v.Type()))
	}
}

// special sets what v points to if its type does not take any value of its kind.
func (f *filler) special(v any) bool {
	switch v := v.(type) {
	case *time.Time:
		*v = f.time()
	case *json.RawMessage:
		*v = f.json()
	case *map[string]json.RawMessage:
		*v = map[string]json.RawMessage{}
		for _, key := range []string{"x", "zusätze", "later"} {
			if f.some() {
				(*v)[key] = f.json()
			}
		}
	case *media.Album:
		*v = media.Album{Title: fmt.Sprint(f.n, f.text())}
		if f.some() {
			v.ID = fmt.Sprint(f.n)
		}
	case *state.Status:
		*v = drawn(f, state.Failed, rapid.SampledFrom([]state.Status{state.Pending, state.Completed, state.Failed}))
	case *media.Kind:
		*v = drawn(f, media.Video, rapid.SampledFrom([]media.Kind{media.Photo, media.Video, ""}))
	case *fault.Class:
		*v = drawn(f, fault.Item, rapid.SampledFrom([]fault.Class{"", fault.Transient, fault.Item, fault.Session}))
	default:
		return false
	}
	return true
}

// fillStages sets the entries of a map by stage: all statuses, and some of the rest.
func (f *filler) fillStages(v reflect.Value) {
	v.Set(reflect.MakeMap(v.Type()))
	for _, stage := range []state.Stage{state.Discovery, state.Transfer, state.Create} {
		value := reflect.New(v.Type().Elem()).Elem()
		if value.Type() == reflect.TypeFor[state.Status]() || f.some() {
			f.fill(value)
			v.SetMapIndex(reflect.ValueOf(stage), value)
		}
	}
}

// session draws a session of the given id.
func (f *filler) session(id string) *state.Session {
	s := &state.Session{}
	f.fill(reflect.ValueOf(s).Elem())
	s.ID, s.SchemaVersion, s.BatchSize, s.Foreign = id, 1, 1+s.BatchSize%50, s.Foreign || s.Window == nil
	return s
}

// item draws the nth item of a session.
func (f *filler) item(n int) *state.Item {
	it := &state.Item{}
	f.fill(reflect.ValueOf(it).Elem())
	it.ID.Station, it.ID.Medium, it.ID.Part = "gopro", fmt.Sprint(it.ID.Medium, n), 1+it.ID.Part%99
	it.Name, it.Dir = fmt.Sprintf("%s %d.JPG", it.Name, n), media.SafeDir(it.Dir)
	if f.some() {
		it.Size, it.Create = media.SizeUnknown, state.Skipped
	}
	return it
}

// batch draws the nth batch of a session.
func (f *filler) batch(n int) *state.Batch {
	b := &state.Batch{}
	f.fill(reflect.ValueOf(b).Elem())
	b.Index = state.FirstBatchIndex + n
	return b
}
