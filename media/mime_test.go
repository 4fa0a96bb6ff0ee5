package media

import "testing"

func TestByName(t *testing.T) {
	for _, tc := range []struct {
		name string
		mime string
		kind Kind
	}{
		{"GX010042.MP4", "video/mp4", Video},
		{"GOPR0001.jpg", "image/jpeg", Photo},
		{"GOPR0001.GPR", "image/x-gopro-gpr", Photo},
		{"GS010353.360", "video/mp4", Video},
		{"GL010042.LRV", "video/mp4", Video},
		{"GX010042.THM", "image/jpeg", Photo},
		{"IMG_1.HEIC", "image/heic", Photo},
		{"VID_1.insv", "video/mp4", Video},
		{"clip.mts", "video/mp2t", Video},
		{"sound.wav", "audio/wav", ""},
		{"My_Edit.json", "application/json", ""},
		{"mp4", "", ""},
		{"", "", ""},
	} {
		if got := MIMEByName(tc.name); got != tc.mime {
			t.Errorf("MIMEByName(%q) = %q, want %q", tc.name, got, tc.mime)
		}
		if got := KindByName(tc.name); got != tc.kind {
			t.Errorf("KindByName(%q) = %q, want %q", tc.name, got, tc.kind)
		}
	}
}
