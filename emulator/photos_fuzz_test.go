package emulator

import (
	"bytes"
	"testing"

	"github.com/rwcarlsen/goexif/exif"
)

func hasPlace(t *testing.T, data []byte) bool {
	t.Helper()
	x, err := exif.Decode(bytes.NewReader(data))
	if err != nil && (x == nil || exif.IsCriticalError(err)) {
		t.Fatal(err)
	}
	_, _, err = x.LatLong()
	return err == nil
}

// FuzzInspect feeds the media parsers with what a client may upload.
func FuzzInspect(f *testing.F) {
	f.Add(jpegOf(1))
	f.Add(movieOf(1, 0))
	f.Add([]byte("GIF89a\x01\x00\x01\x00"))
	f.Add([]byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic\x00\x00\x00\x14ispe"))
	f.Fuzz(func(t *testing.T, data []byte) {
		info, ok := inspect(wholeFile(data))
		if ok != (info.mime != "") || info.width < 0 || info.height < 0 {
			t.Errorf("%+v %v", info, ok)
		}
		if got := withoutLocation(data); len(got) != len(data) {
			t.Errorf("%d bytes became %d", len(data), len(got))
		}
	})
}

// FuzzDecodeJSON checks that whatever is decoded has only names of fields.
func FuzzDecodeJSON(f *testing.F) {
	f.Add([]byte(`{"albumId":null,"newMediaItems":[{"simpleMediaItem":{"uploadToken":"x"}}]}`))
	f.Add([]byte(`{"newMediaItems":[[{}]]}`))
	f.Add([]byte(`{"albumPosition":{"position":7}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var req createRequest
		if decodeJSON(data, &req) != nil {
			return
		}
		if len(bytes.TrimSpace(data)) > 0 && bytes.TrimSpace(data)[0] != '{' {
			t.Errorf("%q was taken for a message", data)
		}
	})
}

// FuzzRendition checks the parameters of base URLs.
func FuzzRendition(f *testing.F) {
	for _, s := range []string{"w2048-h1024", "d", "dv", "w1-c", "no", "w99999", "h0", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, ok := parseRendition(text)
		if ok && (r.width < 0 || r.height < 0 || text == "") {
			t.Errorf("%q: %+v", text, r)
		}
	})
}
