package sample

import (
	"image"
	"image/color"
	"math"
	"strconv"
)

// picture draws hills under a sky in the colours of the seed, with the number in
// the corner, which distinguishes samples at sight.
func picture(seed uint64, number, width int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, width, width*3/4))
	height := img.Rect.Dy()
	sky, ground := hue(seed), hue(seed*7+3)
	skies, grounds := make([]color.RGBA, height), make([]color.RGBA, height)
	for y := range height {
		depth := float64(y) / float64(height)
		skies[y] = mix(sky, color.RGBA{R: 255, G: 245, B: 230, A: 255}, depth)
		grounds[y] = mix(ground, color.RGBA{A: 255}, depth*0.7)
	}
	for x := range width {
		horizon := int(horizon(seed, float64(x)/float64(width)) * float64(height))
		for y := range height {
			if y > horizon {
				img.SetRGBA(x, y, grounds[y])
			} else {
				img.SetRGBA(x, y, skies[y])
			}
		}
	}
	drawNumber(img, number, max(width/48, 1))
	return img
}

// horizon returns the height of the hills, 0 at the top and 1 at the bottom.
func horizon(seed uint64, x float64) float64 {
	phase := float64(seed%628) / 100
	return 0.62 + 0.10*math.Sin(5*x+phase) + 0.05*math.Sin(13*x+2*phase)
}

// hue returns a clear colour that depends on the seed.
func hue(seed uint64) color.RGBA {
	angle := float64(noiseWord(seed, 1)%360) * math.Pi / 180
	channel := func(turn float64) uint8 { return uint8(140 + 100*math.Cos(angle+turn)) }
	return color.RGBA{R: channel(0), G: channel(2 * math.Pi / 3), B: channel(4 * math.Pi / 3), A: 255}
}

func mix(a, b color.RGBA, share float64) color.RGBA {
	channel := func(x, y uint8) uint8 { return uint8(float64(x)*(1-share) + float64(y)*share) }
	return color.RGBA{R: channel(a.R, b.R), G: channel(a.G, b.G), B: channel(a.B, b.B), A: 255}
}

// digits are drawn on a grid of 3 by 5, a row in each octal digit.
var digits = [10]int{0o75557, 0o26227, 0o71747, 0o71717, 0o55711, 0o74717, 0o74757, 0o71111, 0o75757, 0o75717}

// drawNumber writes a number into the lower right corner, with dots of scale
// pixels.
func drawNumber(img *image.RGBA, number, scale int) {
	text := strconv.Itoa(max(number, 0))
	left := img.Rect.Dx() - (4*len(text)+1)*scale
	top := img.Rect.Dy() - 7*scale
	for i, digit := range text {
		rows := digits[digit-'0']
		for bit := range 15 {
			if rows>>(14-bit)&1 == 1 {
				dot(img, left+(4*i+bit%3)*scale, top+bit/3*scale, scale)
			}
		}
	}
}

func dot(img *image.RGBA, left, top, scale int) {
	for y := range scale {
		for x := range scale {
			img.SetRGBA(left+x, top+y, color.RGBA{R: 255, G: 255, B: 255, A: 255})
		}
	}
}
