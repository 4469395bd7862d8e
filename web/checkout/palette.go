package checkout

import (
	"fmt"
	"math"
	"strconv"
)

// standardBrand is the hub's own colour, for merchants who have chosen none.
const standardBrand = "#1f5fd1"

// Contrasts that WCAG 2.2 asks for: of text (1.4.3) and of the parts of controls
// (1.4.11).
const (
	textContrast    = 4.5
	controlContrast = 3
)

// colour is an sRGB colour, each part from 0 to 255.
type colour [3]uint8

var (
	white = colour{255, 255, 255}
	black = colour{0, 0, 0}
	// lightGround and darkGround are behind the form in either theme, as
	// checkout.css has them.
	lightGround = colour{0xff, 0xff, 0xff}
	darkGround  = colour{0x1a, 0x1d, 0x23}
)

// Palette is what a merchant's colour makes of the page in one theme. Text has a
// contrast of at least 4.5 to what it stands on, whatever the colour is.
type Palette struct {
	Brand   string // of the button
	OnBrand string // text on it
	Hover   string // of the button under the pointer
	Edge    string // around the button: stands out from the page where the brand does not
	Accent  string // of links and of what has the focus
}

// Palettes returns what "#rrggbb" makes of the page in its light and its dark
// theme. Anything else counts as the hub's own colour.
func Palettes(brand string) (light, dark Palette) {
	c, ok := parseColour(brand)
	if !ok {
		c, _ = parseColour(standardBrand)
	}
	return palette(c, lightGround, black), palette(c, darkGround, white)
}

// palette derives a theme's colours; away is the colour farthest from the ground.
func palette(brand, ground, away colour) Palette {
	on := white
	if contrast(brand, white) < textContrast {
		on = black // one of the two always has 4.5
	}
	opposite := black
	if on == black {
		opposite = white
	}
	return Palette{
		Brand: brand.String(), OnBrand: on.String(), Hover: mix(brand, opposite, 0.14).String(),
		Edge: until(brand, away, ground, controlContrast).String(), Accent: until(brand, away, ground, textContrast).String(),
	}
}

// until mixes a colour with another, as little as it takes, until it has the
// contrast to the ground.
func until(c, with, ground colour, wanted float64) colour {
	for part := 0.0; part < 1; part += 0.02 {
		if m := mix(c, with, part); contrast(m, ground) >= wanted {
			return m
		}
	}
	return with
}

func mix(a, b colour, part float64) colour {
	var m colour
	for i := range m {
		m[i] = uint8(math.Round(float64(a[i])*(1-part) + float64(b[i])*part))
	}
	return m
}

// contrast is the ratio of WCAG 2.2, from 1 to 21.
func contrast(a, b colour) float64 {
	la, lb := a.luminance(), b.luminance()
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

// luminance is the relative luminance of WCAG 2.2, from 0 to 1.
func (c colour) luminance() float64 {
	linear := func(part uint8) float64 {
		v := float64(part) / 255
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c[0]) + 0.7152*linear(c[1]) + 0.0722*linear(c[2])
}

// String writes the colour as "#rrggbb".
func (c colour) String() string { return fmt.Sprintf("#%02x%02x%02x", c[0], c[1], c[2]) }

func parseColour(text string) (colour, bool) {
	if len(text) != 7 || text[0] != '#' {
		return colour{}, false
	}
	n, err := strconv.ParseUint(text[1:], 16, 32)
	if err != nil {
		return colour{}, false
	}
	return colour{uint8(n >> 16), uint8(n >> 8), uint8(n)}, true
}
