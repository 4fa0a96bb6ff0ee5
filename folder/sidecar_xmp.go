package folder

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
)

// xmpNamespaces are the namespaces of the properties that a sidecar has.
var xmpNamespaces = []struct{ prefix, uri string }{
	{"dc", "http://purl.org/dc/elements/1.1/"},
	{"exif", "http://ns.adobe.com/exif/1.0/"},
	{"photoshop", "http://ns.adobe.com/photoshop/1.0/"},
	{"tiff", "http://ns.adobe.com/tiff/1.0/"},
	{"gondola", "https://github.com/gondola-sync/gondola/ns/1.0/"},
}

const (
	xmpHead = "<?xpacket begin=\"\ufeff\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n" +
		"<x:xmpmeta xmlns:x=\"adobe:ns:meta/\" x:xmptk=\"Gondola\">\n" +
		" <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\n  <rdf:Description rdf:about=\"\""
	xmpTail = "  </rdf:Description>\n </rdf:RDF>\n</x:xmpmeta>\n<?xpacket end=\"w\"?>\n"
)

// xmpSidecar returns the content of an XMP sidecar.
func xmpSidecar(e *Entry, n *station.Note, zone *time.Location) []byte {
	it, d := &n.Item, &n.Description
	x := &xmp{}
	x.WriteString(xmpHead)
	for _, ns := range xmpNamespaces {
		fmt.Fprintf(x, "\n    xmlns:%s=%q", ns.prefix, ns.uri)
	}
	x.WriteString(">\n")
	captured := xmpTime(it, zone)
	x.property("exif:DateTimeOriginal", captured)
	x.property("photoshop:DateCreated", captured)
	x.alternative("dc:title", d.Title)
	x.alternative("dc:description", d.Text)
	x.property("tiff:Make", d.Maker)
	x.property("tiff:Model", it.Camera)
	x.place(d.Place)
	x.property("gondola:Key", e.Key)
	x.property("gondola:Station", e.Station)
	x.property("gondola:Origin", e.Origin)
	x.property("gondola:Medium", it.ID.Medium)
	x.property("gondola:Name", e.Name)
	x.WriteString(xmpTail)
	return x.Bytes()
}

// xmp writes the properties of a packet.
type xmp struct{ bytes.Buffer }

// property writes a simple property, unless its value is empty.
func (x *xmp) property(name, value string) {
	if value != "" {
		fmt.Fprintf(x, "   <%s>%s</%s>\n", name, escaped(value), name)
	}
}

// alternative writes a text that has one language, the default one.
func (x *xmp) alternative(name, value string) {
	if value != "" {
		fmt.Fprintf(x, "   <%s><rdf:Alt><rdf:li xml:lang=\"x-default\">%s</rdf:li></rdf:Alt></%s>\n", name, escaped(value), name)
	}
}

// place writes a position.
func (x *xmp) place(p *station.Place) {
	if p == nil || !valid(p) {
		return
	}
	x.property("exif:GPSLatitude", coordinate(p.Latitude, "N", "S"))
	x.property("exif:GPSLongitude", coordinate(p.Longitude, "E", "W"))
	if p.Altitude != nil {
		x.property("exif:GPSAltitude", fmt.Sprintf("%.0f/1000", math.Abs(*p.Altitude)*1000))
		x.property("exif:GPSAltitudeRef", map[bool]string{false: "0", true: "1"}[*p.Altitude < 0])
	}
}

// valid reports whether a position can be one on the earth.
func valid(p *station.Place) bool {
	const highest = 1e6 // metres
	return math.Abs(p.Latitude) <= 90 && math.Abs(p.Longitude) <= 180 && (p.Altitude == nil || math.Abs(*p.Altitude) <= highest)
}

// coordinate writes degrees as XMP has them: whole degrees and minutes.
func coordinate(degrees float64, positive, negative string) string {
	direction := positive
	if degrees < 0 {
		direction = negative
	}
	const steps = 1e8 // of a minute
	minutes := math.Round(math.Abs(degrees)*60*steps) / steps
	whole := math.Floor(minutes / 60)
	return fmt.Sprintf("%.0f,%s%s", whole, strconv.FormatFloat(minutes-60*whole, 'f', 8, 64), direction)
}

func escaped(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(strings.ToValidUTF8(text, "\ufffd"))) // a Builder does not fail
	return b.String()
}

// xmpTime returns the capture time with its offset: that of the zone which came with
// it, or else of the given one; "" if it is unknown.
func xmpTime(it *media.Item, zone *time.Location) string {
	if it.CapturedAt.IsZero() {
		return ""
	}
	if own := zoneNamed(it.CapturedZone); own != nil {
		zone = own
	}
	return it.CapturedAt.In(zone).Format("2006-01-02T15:04:05.999999999-07:00")
}

// zoneNamed returns the zone of an offset such as "+02:00" or of a name such as
// "Europe/Berlin"; nil for any other text.
func zoneNamed(text string) *time.Location {
	if at, err := time.Parse("-07:00", text); err == nil {
		return at.Location()
	}
	if !strings.Contains(text, "/") && text != "UTC" { // such as "Local"
		return nil
	}
	zone, err := time.LoadLocation(text)
	if err != nil {
		return nil
	}
	return zone
}
