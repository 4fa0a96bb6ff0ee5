package media

import (
	"path"
	"strings"
)

// byExtension is fixed, so that a name means the same on every host. Formats of
// cameras that are another format in disguise go by the type of that format.
var byExtension = map[string]string{
	".avif": "image/avif",
	".bmp":  "image/bmp",
	".gif":  "image/gif",
	".heic": "image/heic",
	".heif": "image/heif",
	".ico":  "image/x-icon",
	".insp": "image/jpeg", // Insta360 photo
	".jpe":  "image/jpeg",
	".jpeg": "image/jpeg",
	".jpg":  "image/jpeg",
	".png":  "image/png",
	".thm":  "image/jpeg", // GoPro thumbnail
	".tif":  "image/tiff",
	".tiff": "image/tiff",
	".webp": "image/webp",

	".arw": "image/x-sony-arw",
	".cr2": "image/x-canon-cr2",
	".cr3": "image/x-canon-cr3",
	".dng": "image/x-adobe-dng",
	".gpr": "image/x-gopro-gpr",
	".nef": "image/x-nikon-nef",
	".orf": "image/x-olympus-orf",
	".raf": "image/x-fuji-raf",
	".rw2": "image/x-panasonic-rw2",

	".360":  "video/mp4", // GoPro MAX
	".3g2":  "video/3gpp2",
	".3gp":  "video/3gpp",
	".asf":  "video/x-ms-asf",
	".avi":  "video/x-msvideo",
	".divx": "video/x-msvideo",
	".insv": "video/mp4", // Insta360 video
	".lrv":  "video/mp4", // GoPro low-resolution companion
	".m2t":  "video/mp2t",
	".m2ts": "video/mp2t",
	".m4v":  "video/x-m4v",
	".mkv":  "video/x-matroska",
	".mmv":  "video/mp4",
	".mod":  "video/mpeg",
	".mov":  "video/quicktime",
	".mp4":  "video/mp4",
	".mpeg": "video/mpeg",
	".mpg":  "video/mpeg",
	".mts":  "video/mp2t",
	".tod":  "video/mpeg",
	".webm": "video/webm",
	".wmv":  "video/x-ms-wmv",

	".aac":  "audio/aac",
	".gpx":  "application/gpx+xml",
	".json": "application/json",
	".m4a":  "audio/mp4",
	".mp3":  "audio/mpeg",
	".wav":  "audio/wav",
	".zip":  "application/zip",
}

// MIMEByName returns the MIME type that the extension of name stands for, in
// any case, or "" if it is not known. The system's tables are not consulted.
func MIMEByName(name string) string {
	return byExtension[strings.ToLower(path.Ext(name))]
}

// KindOf returns the kind of files of a MIME type, or "" if they are neither
// photos nor videos.
func KindOf(mime string) Kind {
	switch top, _, _ := strings.Cut(strings.ToLower(mime), "/"); top {
	case "image":
		return Photo
	case "video":
		return Video
	}
	return ""
}

// KindByName returns the kind of a file by its extension, or "".
func KindByName(name string) Kind { return KindOf(MIMEByName(name)) }
