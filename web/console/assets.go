package console

import (
	_ "embed"
	"maps"
	"slices"

	"paymenthub/web/asset"
)

var (
	//go:embed console.css
	style []byte
	//go:embed console.js
	script []byte
	//go:embed assets/htmx.js
	htmx []byte
	//go:embed assets/uplot.js
	uplot []byte
	//go:embed assets/uplot.css
	uplotStyle []byte
)

// files are what the pages load, by what their templates call them.
var files = map[string]*asset.File{
	"style":      asset.Style("console", style),
	"script":     asset.Script("console", script),
	"htmx":       asset.Script("htmx", htmx),
	"uplot":      asset.Script("uplot", uplot),
	"uplotStyle": asset.Style("uplot", uplotStyle),
}

// Assets are the files that the pages load.
var Assets = asset.NewFiles(slices.Collect(maps.Values(files))...)
