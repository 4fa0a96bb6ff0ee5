package state

import (
	"reflect"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/media"
)

// setTimes sets every time that v holds, however deep, and counts them.
func setTimes(v reflect.Value, to time.Time) (n int) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() && v.Type().Elem().Kind() == reflect.Struct {
			v.Set(reflect.New(v.Type().Elem()))
		}
		return setTimes(v.Elem(), to)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(to))
			return 1
		}
		for i := range v.NumField() {
			n += setTimes(v.Field(i), to)
		}
	}
	return n
}

// beyond are times that JSON or Python cannot hold.
func beyond() map[string]time.Time {
	return map[string]time.Time{
		"the year 10000 by its zone": time.Date(9999, 12, 31, 23, 59, 59, 0, time.FixedZone("", -3600)),
		"the year 12000":             time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC),
		"the year 0":                 time.Date(0, 6, 1, 0, 0, 0, 0, time.UTC),
		"before the common era":      time.Date(-44, 3, 15, 0, 0, 0, 0, time.UTC),
	}
}

func wantNoTimes(t *testing.T, name string, v any) {
	t.Helper()
	var check func(v reflect.Value, path string)
	check = func(v reflect.Value, path string) {
		switch v.Kind() {
		case reflect.Pointer:
			if !v.IsNil() {
				check(v.Elem(), path)
			}
		case reflect.Struct:
			if at, ok := v.Interface().(time.Time); ok {
				if !at.IsZero() {
					t.Errorf("%s: %s is %v, want it unknown", name, path, at)
				}
				return
			}
			for i := range v.NumField() {
				check(v.Field(i), path+"."+v.Type().Field(i).Name)
			}
		}
	}
	check(reflect.ValueOf(v), "")
}

func TestTimesOutsideTheYears(t *testing.T) {
	for name, at := range beyond() {
		it := &Item{Item: media.Item{Name: "a.mp4", ID: media.ID{Station: "gopro", Medium: "m", Part: 1, Label: "source"}},
			Errors: map[Stage]ErrorRecord{Transfer: {Type: "t", At: at}}}
		if n := setTimes(reflect.ValueOf(it), at); n < 7 {
			t.Fatalf("an item has %d times", n)
		}
		data, err := Documents{}.EncodeItem(it)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := Documents{}.DecodeItem(data)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		wantNoTimes(t, name, got)
		wantNoTimes(t, name, got.Errors[Transfer])

		s := &Session{ID: "s"}
		if n := setTimes(reflect.ValueOf(s), at); n < 6 {
			t.Fatalf("a session has %d times", n)
		}
		header, err := Documents{}.EncodeSession(s)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		session, err := Documents{}.DecodeSession(header)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		wantNoTimes(t, name, session)

		batch, err := Documents{}.EncodeBatch(&Batch{Index: 1, Error: &ErrorRecord{At: at}})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		b, err := Documents{}.DecodeBatch(batch)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		wantNoTimes(t, name, b)

	}
}
