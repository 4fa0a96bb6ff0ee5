package gphotos

import (
	"cmp"
	"fmt"
	"path"
	"strings"

	"github.com/gondola-sync/gondola/media"
)

// Limits of the service, in bytes. It does not say whether its units are
// decimal; decimal is the safe reading.
const (
	maxPhoto = 200_000_000
	maxVideo = 20_000_000_000
)

// taken are the file types that the service takes. RAW formats are those of
// camera makers; which models it knows changes.
var taken = map[string]media.Kind{
	"avif": media.Photo, "bmp": media.Photo, "gif": media.Photo, "heic": media.Photo, "heif": media.Photo,
	"ico": media.Photo, "jpg": media.Photo, "jpeg": media.Photo, "jpe": media.Photo, "png": media.Photo,
	"tif": media.Photo, "tiff": media.Photo, "webp": media.Photo,

	"arw": media.Photo, "cr2": media.Photo, "cr3": media.Photo, "dng": media.Photo, "nef": media.Photo, "nrw": media.Photo,
	"orf": media.Photo, "pef": media.Photo, "raf": media.Photo, "rw2": media.Photo, "srw": media.Photo,

	"3g2": media.Video, "3gp": media.Video, "asf": media.Video, "avi": media.Video, "divx": media.Video,
	"m2t": media.Video, "m2ts": media.Video, "m4v": media.Video, "mkv": media.Video, "mmv": media.Video,
	"mod": media.Video, "mov": media.Video, "mp4": media.Video, "mpeg": media.Video, "mpg": media.Video,
	"mts": media.Video, "tod": media.Video, "webm": media.Video, "wmv": media.Video,
}

// takenMIME are the types of files whose extension says nothing.
var takenMIME = map[string]media.Kind{
	"image/avif": media.Photo, "image/bmp": media.Photo, "image/gif": media.Photo, "image/heic": media.Photo,
	"image/heif": media.Photo, "image/jpeg": media.Photo, "image/png": media.Photo, "image/tiff": media.Photo,
	"image/webp": media.Photo, "image/x-icon": media.Photo, "image/vnd.microsoft.icon": media.Photo, "image/x-adobe-dng": media.Photo,

	"video/3gpp": media.Video, "video/3gpp2": media.Video, "video/avi": media.Video, "video/mp2t": media.Video,
	"video/mp4": media.Video, "video/mpeg": media.Video, "video/quicktime": media.Video, "video/webm": media.Video,
	"video/x-m4v": media.Video, "video/x-matroska": media.Video, "video/x-ms-asf": media.Video,
	"video/x-ms-wmv": media.Video, "video/x-msvideo": media.Video,
}

// sidecars are files of GoPro cameras that the service refuses, or takes for
// what they are not.
var sidecars = map[string]string{
	"360": "Google Photos does not take .360 files; export the video from GoPro Player as MP4 first",
	"gpr": "Google Photos does not take GoPro RAW (.GPR); the camera's JPEG of the same shot is carried if there is one",
	"lrv": "a .LRV file is the camera's low-resolution copy of a video that is carried itself",
	"thm": "a .THM file is the thumbnail of a video that is carried itself",
}

// Refuse implements [station.Destination].
func (d *Destination) Refuse(item media.Item) *media.Refusal { return Refuse(item) }

// Refuse returns why the service would not take an item, or nil. An unknown
// size passes; Upload asks again when it knows.
func Refuse(item media.Item) *media.Refusal {
	if item.Refusal != nil {
		return item.Refusal
	}
	ext := extension(item.Name)
	if reason, ok := sidecars[ext]; ok {
		return &media.Refusal{Code: media.RefusedType, Reason: reason}
	}
	kind, ok := taken[ext]
	if !ok {
		kind, ok = takenMIME[baseMIME(item.MIME)]
	}
	switch {
	case !ok:
		what := cmp.Or(ext, baseMIME(item.MIME), "unknown")
		return &media.Refusal{Code: media.RefusedType, Reason: fmt.Sprintf("Google Photos does not take files of type %s", what)}
	case item.Size == 0:
		return &media.Refusal{Code: media.RefusedEmpty, Reason: "the file is empty"}
	case kind == media.Photo && item.Size > maxPhoto:
		return tooLarge(item.Size, "a photo", "200 MB")
	case kind == media.Video && item.Size > maxVideo:
		return tooLarge(item.Size, "a video", "20 GB")
	}
	return nil
}

func tooLarge(size int64, what, limit string) *media.Refusal {
	reason := fmt.Sprintf("the file has %.1f MB; Google Photos takes %s of at most %s", float64(size)/1e6, what, limit)
	return &media.Refusal{Code: media.RefusedTooLarge, Reason: reason}
}

// contentType is the item's own MIME type, or what its name stands for.
func contentType(item media.Item) string {
	if m := baseMIME(item.MIME); strings.HasPrefix(m, "image/") || strings.HasPrefix(m, "video/") {
		return m
	}
	return cmp.Or(media.MIMEByName(item.Name), "application/octet-stream")
}

func extension(name string) string {
	return strings.ToLower(strings.TrimPrefix(path.Ext(name), "."))
}

func baseMIME(m string) string {
	m, _, _ = strings.Cut(m, ";")
	return strings.ToLower(strings.TrimSpace(m))
}
