package checkout

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"crypto/sha512"
	_ "embed"
	"encoding/base64"
	"encoding/hex"
)

//go:embed checkout.css
var style []byte

//go:embed checkout.js
var script []byte

// Asset is a file that the page loads. Its name holds a hash of its content, so
// that it never changes under its name.
type Asset struct {
	Name        string // "checkout.1f0c9a3b.js"
	ContentType string
	Body        []byte
	Gzip        []byte // the body, compressed
	// Integrity is its hash as the page names it (W3C Subresource Integrity): what
	// was changed on its way does not run (PCI DSS 6.4.3).
	Integrity string
}

var (
	styleAsset  = newAsset("css", "text/css; charset=utf-8", style)
	scriptAsset = newAsset("js", "text/javascript; charset=utf-8", script)
)

func newAsset(extension, contentType string, body []byte) Asset {
	name, integrity := sha256.Sum256(body), sha512.Sum384(body)
	return Asset{
		Name:        "checkout." + hex.EncodeToString(name[:6]) + "." + extension,
		ContentType: contentType, Body: body, Gzip: compress(body),
		Integrity: "sha384-" + base64.StdEncoding.EncodeToString(integrity[:]),
	}
}

func compress(body []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(body) // a buffer takes everything
	_ = w.Close()
	return b.Bytes()
}

// FindAsset returns the file of a name.
func FindAsset(name string) (Asset, bool) {
	for _, a := range []Asset{styleAsset, scriptAsset} {
		if a.Name == name {
			return a, true
		}
	}
	return Asset{}, false
}
