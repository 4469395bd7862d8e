package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// theme is what the person's system is set to.
type theme string

const (
	light theme = "light"
	dark  theme = "dark"
)

// device is a screen.
type device struct {
	name          string
	width, height int64
	mobile        bool
}

var (
	desktop = device{name: "desktop", width: 1280, height: 800}
	phone   = device{name: "phone", width: 390, height: 844, mobile: true}
)

// wear changes theme and device under the page.
func (w *window) wear(th theme, d device) {
	w.Helper()
	var options []chromedp.EmulateViewportOption
	if d.mobile {
		options = append(options, chromedp.EmulateMobile, chromedp.EmulateTouch)
	}
	w.do(chromedp.EmulateViewport(d.width, d.height, options...), chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: string(th)}},
		})
		return err
	}))
}

// themes are those in which a page is looked at on a device: each once, or for
// pictures, all on every device.
func themes(d device) []theme {
	switch {
	case os.Getenv("SCREENSHOTS") != "":
		return []theme{light, dark}
	case d == desktop:
		return []theme{light}
	default:
		return []theme{dark}
	}
}

// looks shows the page on every device and in every theme, where it must fit the
// width, and takes a picture into the folder that SCREENSHOTS names.
func (w *window) looks(name string, each func(th theme, d device)) {
	w.Helper()
	for _, d := range []device{desktop, phone} {
		for _, th := range themes(d) {
			w.wear(th, d)
			each(th, d)
			wide := see[int64](w, `Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)`)
			require.LessOrEqual(w, wide, d.width, "%s scrolls sideways on a %s", name, d.name)
			folder := os.Getenv("SCREENSHOTS")
			if folder == "" {
				continue
			}
			picture, err := chromedp.Run(w.ctx, chromedp.CaptureScreenshot())
			require.NoError(w, err)
			require.NoError(w, os.MkdirAll(folder, 0o750))
			file := filepath.Join(folder, fmt.Sprintf("%s-%s-%s.png", name, d.name, th))
			require.NoError(w, os.WriteFile(file, picture, 0o600))
		}
	}
}
