package media

import (
	"bytes"
	"image"
	"image/jpeg"
	"testing"
)

func TestByName(t *testing.T) {
	for _, tc := range []struct {
		name   string
		mime   string
		kind   Kind
		legacy Kind
	}{
		{"GX010042.MP4", "video/mp4", Video, Video},
		{"GOPR0001.jpg", "image/jpeg", Photo, Photo},
		{"GOPR0001.GPR", "image/x-gopro-gpr", Photo, Photo},
		{"GS010353.360", "video/mp4", Video, Video},
		{"GL010042.LRV", "video/mp4", Video, Video},
		{"GX010042.THM", "image/jpeg", Photo, Photo},
		{"IMG_1.HEIC", "image/heic", Photo, Photo},
		{"VID_1.insv", "video/mp4", Video, Photo},
		{"clip.mts", "video/mp2t", Video, Photo},
		{"sound.wav", "audio/wav", "", Photo},
		{"My_Edit.json", "application/json", "", Photo},
		{"mp4", "", "", Photo},
		{"", "", "", Photo},
	} {
		if got := MIMEByName(tc.name); got != tc.mime {
			t.Errorf("MIMEByName(%q) = %q, want %q", tc.name, got, tc.mime)
		}
		if got := KindByName(tc.name); got != tc.kind {
			t.Errorf("KindByName(%q) = %q, want %q", tc.name, got, tc.kind)
		}
		if got := LegacyKind(tc.name); got != tc.legacy {
			t.Errorf("LegacyKind(%q) = %q, want %q", tc.name, got, tc.legacy)
		}
	}
}

func TestMIMEByContent(t *testing.T) {
	var photo bytes.Buffer
	if err := jpeg.Encode(&photo, image.NewGray(image.Rect(0, 0, 8, 8)), nil); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name string
		head []byte
		want string
	}{
		{"jpeg", photo.Bytes(), "image/jpeg"},
		{"mp4", []byte("\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"), "video/mp4"},
		{"heic", []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"), "image/heic"},
		{"text has no parameters", []byte("hello"), "text/plain"},
		{"binary", []byte{0xfe, 0, 1, 2, 0xfd}, "application/octet-stream"},
	} {
		if got := MIMEByContent(tc.head); got != tc.want {
			t.Errorf("%s: MIMEByContent = %q, want %q", tc.name, got, tc.want)
		}
	}
}
