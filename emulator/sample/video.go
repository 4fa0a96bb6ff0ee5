package sample

import (
	"bytes"
	"encoding/binary"
	"time"

	"github.com/abema/go-mp4"
)

const movieTimescale = 1000 // units a second

// planVideo lays out an MP4 file: ftyp, mdat with one frame and the padding,
// moov.
func planVideo(s Shot, size int64) *layout {
	frame := s.frame()
	head := box("ftyp", payload(&mp4.Ftyp{
		MajorBrand:   [4]byte{'m', 'p', '4', '1'},
		MinorVersion: 0x20131018,
		CompatibleBrands: []mp4.CompatibleBrandElem{
			{CompatibleBrand: [4]byte{'m', 'p', '4', '1'}}, {CompatibleBrand: [4]byte{'q', 't', ' ', ' '}},
		},
	}))
	const longHeader = 16 // bytes, with a 64-bit size
	frameAt := len(head) + longHeader
	tail := movie(s, uint64(frameAt), uint32(len(frame)))

	head = binary.BigEndian.AppendUint32(head, 1) // the size follows the type
	head = append(head, "mdat"...)
	head = binary.BigEndian.AppendUint64(head, uint64(size)-uint64(frameAt-longHeader)-uint64(len(tail)))
	return &layout{head: append(head, frame...), tail: tail}
}

// box returns an MP4 box with a short header.
func box(kind string, parts ...[]byte) []byte {
	const header = 8
	body := bytes.Join(parts, nil)
	out := binary.BigEndian.AppendUint32(nil, uint32(header+len(body)))
	return append(append(out, kind...), body...)
}

func payload(b mp4.IImmutableBox) []byte {
	var out bytes.Buffer
	if _, err := mp4.Marshal(&out, b, mp4.Context{}); err != nil {
		panic(err) // the boxes are fixed but for numbers
	}
	return out.Bytes()
}

func movie(s Shot, frameAt uint64, frameSize uint32) []byte {
	created := macTime(s.Taken)
	duration := uint64(s.Duration.Milliseconds()) * movieTimescale / 1000
	identity := [9]int32{0x00010000, 0, 0, 0, 0x00010000, 0, 0, 0, 0x40000000}
	version1 := mp4.FullBox{Version: 1} // 64-bit times
	return box("moov",
		box("mvhd", payload(&mp4.Mvhd{
			FullBox: version1, CreationTimeV1: created, ModificationTimeV1: created, Timescale: movieTimescale,
			DurationV1: duration, Rate: 0x00010000, Volume: 0x0100, Matrix: identity, NextTrackID: 2,
		})),
		box("trak",
			box("tkhd", payload(&mp4.Tkhd{
				FullBox:        mp4.FullBox{Version: 1, Flags: [3]byte{0, 0, 7}}, // enabled, in movie, in preview
				CreationTimeV1: created, ModificationTimeV1: created, TrackID: 1, DurationV1: duration,
				Matrix: identity, Width: uint32(s.Width) << 16, Height: uint32(s.Height) << 16,
			})),
			box("mdia",
				box("mdhd", payload(&mp4.Mdhd{
					FullBox: version1, CreationTimeV1: created, ModificationTimeV1: created, Timescale: movieTimescale,
					DurationV1: duration, Language: [3]byte{'u' - 0x60, 'n' - 0x60, 'd' - 0x60},
				})),
				box("hdlr", payload(&mp4.Hdlr{HandlerType: [4]byte{'v', 'i', 'd', 'e'}, Name: "GoPro MJPEG"})),
				box("minf",
					box("vmhd", payload(&mp4.Vmhd{FullBox: mp4.FullBox{Flags: [3]byte{0, 0, 1}}})),
					box("dinf", box("dref", payload(&mp4.Dref{EntryCount: 1}),
						box("url ", payload(&mp4.Url{FullBox: mp4.FullBox{Flags: [3]byte{0, 0, mp4.UrlSelfContained}}})))),
					sampleTable(s, frameAt, frameSize, uint32(duration))))))
}

// sampleTable describes the one frame, shown for the whole duration.
func sampleTable(s Shot, frameAt uint64, frameSize, duration uint32) []byte {
	entry := &mp4.VisualSampleEntry{
		SampleEntry: mp4.SampleEntry{AnyTypeBox: mp4.AnyTypeBox{Type: mp4.BoxTypeAvc1()}, DataReferenceIndex: 1},
		Width:       uint16(s.Width), Height: uint16(s.Height),
		Horizresolution: 72 << 16, Vertresolution: 72 << 16, FrameCount: 1, Depth: 24, PreDefined3: -1,
	}
	return box("stbl",
		box("stsd", payload(&mp4.Stsd{EntryCount: 1}), box("jpeg", payload(entry))),
		box("stts", payload(&mp4.Stts{EntryCount: 1, Entries: []mp4.SttsEntry{{SampleCount: 1, SampleDelta: duration}}})),
		box("stsc", payload(&mp4.Stsc{EntryCount: 1, Entries: []mp4.StscEntry{
			{FirstChunk: 1, SamplesPerChunk: 1, SampleDescriptionIndex: 1}}})),
		box("stsz", payload(&mp4.Stsz{SampleCount: 1, EntrySize: []uint32{frameSize}})),
		box("co64", payload(&mp4.Co64{EntryCount: 1, ChunkOffset: []uint64{frameAt}})))
}

// macTime counts seconds from 1904, as MP4 does.
func macTime(t time.Time) uint64 {
	epoch := time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	return uint64(max(t.Unix()-epoch.Unix(), 0))
}
