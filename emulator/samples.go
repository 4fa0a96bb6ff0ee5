package emulator

import "github.com/gondola-sync/gondola/emulator/sample"

// What a GoPro account holds is described in package [sample], which makes
// libraries and the files in them. Tests that take what is there need this package
// only.
type (
	Library   = sample.Library   // media, in any order
	Medium    = sample.Medium    // a recording, a burst, an edit
	Object    = sample.Object    // the bytes behind a CDN URL
	Listed    = sample.Listed    // how downloads list an object, if not as usual
	Rendition = sample.Rendition // an object with its label and measures
	Content   = sample.Content   // bytes of a known size
	Bytes     = sample.Bytes     // content in memory
	Shot      = sample.Shot      // what a generated file shows
	Place     = sample.Place     // a position on the earth
)

// The least sizes, in bytes, of generated files with a picture of 96 and of 480
// pixels across.
const (
	MinSample      = sample.MinSample
	MinLargeSample = sample.MinLargeSample
)

// Demo is [sample.Demo]: a small library for demonstrations.
func Demo() Library { return sample.Demo() }

// Large is [sample.Large]: one video of a size in bytes.
func Large(size int64) Library { return sample.Large(size) }

// Many is [sample.Many]: n small photos and videos.
func Many(n int, seed uint64) Library { return sample.Many(n, seed) }

// Mixed is [sample.Mixed]: everything that is known to occur, in small.
func Mixed(seed uint64) Library { return sample.Mixed(seed) }

// NewPhoto is [sample.NewPhoto]: a valid JPEG file, padded to size bytes.
func NewPhoto(s Shot, size int64) Content { return sample.NewPhoto(s, size) }

// NewVideo is [sample.NewVideo]: a valid MP4 file, padded to size bytes.
func NewVideo(s Shot, size int64) Content { return sample.NewVideo(s, size) }

// NewNoise is [sample.NewNoise]: size bytes that begin with a signature.
func NewNoise(signature string, seed uint64, size int64) Content {
	return sample.NewNoise(signature, seed, size)
}
