package photos

import (
	"bytes"
	"io"
	"testing"

	"github.com/gondola-sync/gondola/emulator/internal/google"
	"github.com/gondola-sync/gondola/emulator/internal/upload"
	"github.com/gondola-sync/gondola/emulator/sample"
)

// FuzzInspect feeds the media parsers with what a client may upload.
func FuzzInspect(f *testing.F) {
	f.Add(photo(1))
	f.Add(video(1))
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
		if google.DecodeJSON(data, &req) != nil {
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

func TestInspectRecognizesBytes(t *testing.T) {
	heic := append([]byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic\x00\x00\x00\x14ispe\x00\x00\x00\x00"), 0, 0, 0x0f, 0xc0, 0, 0, 0x0b, 0xd0)
	cases := map[string]struct {
		data []byte
		mime string
	}{
		"jpeg":  {photo(1), "image/jpeg"},
		"mp4":   {video(1), "video/mp4"},
		"png":   {[]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"), "image/png"},
		"gif":   {[]byte("GIF89a\x01\x00\x01\x00"), "image/gif"},
		"heic":  {heic, "image/heic"},
		"webp":  {[]byte("RIFF\x00\x00\x00\x00WEBPVP8 "), "image/webp"},
		"tiff":  {[]byte("II*\x00\x08\x00\x00\x00"), "image/tiff"},
		"mov":   {[]byte("\x00\x00\x00\x14ftypqt  \x00\x00\x00\x00qt  "), "video/quicktime"},
		"avi":   {[]byte("RIFF\x00\x00\x00\x00AVI LIST\x00\x00\x00\x00hdrl"), "video/x-msvideo"},
		"text":  {[]byte("hello"), ""},
		"xml":   {[]byte(`<?xml version="1.0"?><x:xmpmeta/>`), ""},
		"svg":   {[]byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`), ""},
		"zip":   {[]byte("PK\x03\x04"), ""},
		"noise": {bytes.Repeat([]byte{0x93, 0x01, 0xfe}, 100), ""},
	}
	for name, c := range cases {
		info, ok := inspect(wholeFile(c.data))
		if ok != (c.mime != "") || info.mime != c.mime {
			t.Errorf("%s: %q %v", name, info.mime, ok)
		}
		if name == "heic" && (info.width != 4032 || info.height != 3024) {
			t.Errorf("heic: %dx%d", info.width, info.height)
		}
	}
}

func wholeFile(data []byte) upload.File { return upload.File{Size: int64(len(data)), Head: data} }

func photo(seed uint64) []byte { return bytesOfContent(sample.NewPhoto(sample.Shot{Seed: seed}, 0)) }

func video(seed uint64) []byte { return bytesOfContent(sample.NewVideo(sample.Shot{Seed: seed}, 0)) }

func bytesOfContent(c sample.Content) []byte {
	data, err := io.ReadAll(io.NewSectionReader(c, 0, c.Size()))
	if err != nil {
		panic(err) // generated in memory
	}
	return data
}
