package folder

import (
	"bytes"
	"encoding/binary"
	"io"
	"time"

	"github.com/abema/go-mp4"
)

// track is what is read of a track of a film, up to its tables of samples if it holds
// a GoPro's telemetry, one sample about every second, or a time code.
type track struct {
	handler   string
	format    string // of the samples: telemetryFormat, timecodeFormat or another one
	frames    byte   // of a second of time code
	timescale uint32
	sizes     *mp4.Stsz
	durations *mp4.Stts
	chunks    *mp4.Stsc
	offsets   []uint64 // of chunks
}

// mostTable bounds a table of samples, in bytes.
const mostTable = 1 << 20

func (t *track) read(h *mp4.ReadHandle) error {
	kind := h.BoxInfo.Type.String()
	switch kind {
	case "mdia", "minf", "stbl":
		if kind == "minf" && t.handler != "meta" && t.handler != timecodeFormat {
			return nil
		}
		_, err := h.Expand()
		return err
	case "hdlr", "mdhd", "stsz", "stts", "stsc", "stco", "co64":
		if h.BoxInfo.Size > mostTable {
			return nil
		}
		box, _, err := h.ReadPayload()
		if err == nil {
			t.take(box)
		}
		return err
	case "stsd":
		return t.readFormat(h)
	}
	return nil
}

// take keeps what a box says.
func (t *track) take(box mp4.IBox) {
	switch box := box.(type) {
	case *mp4.Hdlr:
		t.handler = string(box.HandlerType[:])
	case *mp4.Mdhd:
		t.timescale = box.Timescale
	case *mp4.Stsz:
		t.sizes = box
	case *mp4.Stts:
		t.durations = box
	case *mp4.Stsc:
		t.chunks = box
	case *mp4.Stco:
		for _, at := range box.ChunkOffset {
			t.offsets = append(t.offsets, uint64(at))
		}
	case *mp4.Co64:
		t.offsets = box.ChunkOffset
	}
}

// Formats of samples.
const (
	telemetryFormat = "gpmd"
	timecodeFormat  = "tmcd"
)

// readFormat finds out what the samples are.
func (t *track) readFormat(h *mp4.ReadHandle) error {
	const head, timecode, most = 16, 41, 64 << 10 // up to the type of the first entry, and up to its frames a second
	if h.BoxInfo.Size > most {
		return nil
	}
	var data bytes.Buffer
	if _, err := h.ReadData(&data); err != nil {
		return err
	}
	entry := data.Bytes()
	if len(entry) >= head {
		t.format = string(entry[12:head])
	}
	if t.format == timecodeFormat && len(entry) >= timecode {
		t.frames = entry[timecode-1]
	}
	return nil
}

// span is where a sample lies in the file, and when it begins.
type span struct {
	offset int64
	size   int
	at     time.Duration // since the beginning of the film
}

// mostSamples bounds the samples that are looked at: those of more than a day.
const mostSamples = 100_000

// samples returns the samples of a track.
func (t *track) samples() (all []span) {
	if t.sizes == nil || t.chunks == nil || t.durations == nil || t.timescale == 0 {
		return nil
	}
	start, perChunk := t.starts(), t.perChunk()
	for _, at := range t.offsets {
		for range perChunk() {
			size, ok := t.size(len(all))
			if !ok || len(all) == mostSamples {
				return all
			}
			all = append(all, span{int64(at), int(size), start()})
			at += uint64(size)
		}
	}
	return all
}

// starts returns a function that returns the beginning of one sample after the other.
func (t *track) starts() func() time.Duration {
	var units uint64
	entry, used := 0, uint32(0)
	return func() time.Duration {
		at := time.Duration(float64(units) / float64(t.timescale) * float64(time.Second))
		for entry < len(t.durations.Entries) && used == t.durations.Entries[entry].SampleCount {
			entry, used = entry+1, 0
		}
		if entry < len(t.durations.Entries) {
			units += uint64(t.durations.Entries[entry].SampleDelta)
			used++
		}
		return at
	}
}

// perChunk returns a function that returns how many samples one chunk after the other
// has.
func (t *track) perChunk() func() uint32 {
	entries, chunk, samples := t.chunks.Entries, uint32(0), uint32(0)
	return func() uint32 {
		chunk++
		for len(entries) > 0 && entries[0].FirstChunk <= chunk {
			samples, entries = entries[0].SamplesPerChunk, entries[1:]
		}
		return samples
	}
}

// size returns the size of the nth sample, from 0.
func (t *track) size(n int) (size uint32, ok bool) {
	switch {
	case t.sizes.SampleSize > 0:
		return t.sizes.SampleSize, n < int(t.sizes.SampleCount)
	case n < len(t.sizes.EntrySize):
		return t.sizes.EntrySize[n], true
	}
	return 0, false
}

// mostSample bounds a sample of telemetry, in bytes; it has some thousands.
const mostSample = 256 << 10

// began returns when a film began by its GPS, or the zero time: by the first sample
// with a fix among the first six and then some at growing distances. A fix may come
// minutes after the beginning.
func (t *track) began(r io.ReaderAt) time.Time {
	all := t.samples()
	for n := 0; n < len(all); n = max(n+1, 2*n-4) {
		s := all[n]
		if s.size > mostSample {
			continue
		}
		data := make([]byte, s.size)
		if _, err := r.ReadAt(data, s.offset); err != nil {
			return time.Time{}
		}
		if at := gpsTime(data); sane(at) {
			return at.Add(-s.at)
		}
	}
	return time.Time{}
}

// gpsTime returns the UTC of the GPS in a sample of GPMF; the zero time if it has no
// fix, since the time is invented then, or a poor one.
func gpsTime(data []byte) (at time.Time) {
	eachKLV(data, func(device klv) {
		if device.key != "DEVC" {
			return
		}
		eachKLV(device.value, func(stream klv) {
			if stream.key == "STRM" && at.IsZero() {
				at = streamTime(stream.value)
			}
		})
	})
	return at
}

// poorest is the dilution of precision from which on a fix is not believed, times 100.
const poorest = 500

// streamTime returns the time of a stream of GPS5 or GPS9 data.
func streamTime(data []byte) time.Time {
	var at time.Time
	fix, dilution := uint32(0), uint16(poorest)
	eachKLV(data, func(k klv) {
		switch {
		case k.key == "GPSU" && len(k.value) >= len(gpsuLayout):
			at, _ = time.Parse(gpsuLayout, string(k.value[:len(gpsuLayout)]))
		case k.key == "GPSF" && len(k.value) >= 4:
			fix = binary.BigEndian.Uint32(k.value)
		case k.key == "GPSP" && len(k.value) >= 2:
			dilution = binary.BigEndian.Uint16(k.value)
		case k.key == "GPS9" && k.size == gps9Size && len(k.value) >= gps9Size:
			at, fix, dilution = gps9(k.value)
		}
	})
	if fix < 2 || dilution >= poorest {
		return time.Time{}
	}
	return at
}

// gpsuLayout is how GPSU writes a time.
const gpsuLayout = "060102150405.000"

// gps9Size is the size of an element of GPS9: seven numbers of 32 bits and two of 16.
const gps9Size = 32

// gps9 reads the first element: the days since 2000, the milliseconds of the day, the
// dilution of precision and the kind of the fix are its last numbers.
func gps9(element []byte) (at time.Time, fix uint32, dilution uint16) {
	days, ms := int32(binary.BigEndian.Uint32(element[20:])), int32(binary.BigEndian.Uint32(element[24:]))
	at = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, int(days)).Add(time.Duration(ms) * time.Millisecond)
	return at, uint32(binary.BigEndian.Uint16(element[30:])), binary.BigEndian.Uint16(element[28:])
}

// klv is an element of GPMF: a key, the size of its values, and those.
type klv struct {
	key   string
	size  int
	value []byte
}

// eachKLV calls f for each element of some GPMF, up to one that is cut short.
func eachKLV(data []byte, f func(klv)) {
	const header, align = 8, 4
	for len(data) >= header {
		size := int(data[5])
		length := size * int(binary.BigEndian.Uint16(data[6:]))
		if length > len(data)-header {
			return
		}
		f(klv{string(data[:4]), size, data[header : header+length]})
		data = data[min(header+(length+align-1)/align*align, len(data)):]
	}
}
