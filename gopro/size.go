package gopro

import "fmt"

// sizeTolerance is how much smaller than its record a photo may be, in percent of
// its longer side, and still be the one that was shot: records round, and count
// borders that processing cuts off.
const sizeTolerance = 5

// bySize separates the photos as they were shot from those that are smaller.
func bySize(row Row, photos []Entry) (whole, lesser []Entry) {
	for _, e := range photos {
		if isLesser(e, row) {
			lesser = append(lesser, e)
		} else {
			whole = append(whole, e)
		}
	}
	return whole, lesser
}

// isLesser reports whether a photo is smaller than its record, both by its longer
// side and by its area. It may have been turned, or cropped from a wider one.
func isLesser(e Entry, row Row) bool {
	const keep = 100 - sizeTolerance
	side, longer := max(e.Width, e.Height), max(row.Width, row.Height)
	area, whole := int64(e.Width)*int64(e.Height), int64(row.Width)*int64(row.Height)
	return e.Height > 0 && side*100 < longer*keep && (whole == 0 || area*100*100 < whole*keep*keep)
}

// reducedReason says what is carried of a medium whose originals are not there.
func reducedReason(row Row, lesser []Entry) string {
	largest := lesser[0]
	for _, e := range lesser {
		if e.Width*e.Height > largest.Width*largest.Height {
			largest = e
		}
	}
	return fmt.Sprintf("the GoPro cloud holds no photo of the %d × %d pixels that were shot; the largest there are, of %d × %d, are carried instead",
		row.Width, row.Height, largest.Width, largest.Height)
}
