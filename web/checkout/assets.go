package checkout

import (
	_ "embed"

	"paymenthub/web/asset"
)

var (
	//go:embed checkout.css
	style []byte
	//go:embed checkout.js
	script []byte
)

var (
	styleFile  = asset.Style("checkout", style)
	scriptFile = asset.Script("checkout", script)
)

// Assets are the files that the page loads.
var Assets = asset.NewFiles(styleFile, scriptFile)
