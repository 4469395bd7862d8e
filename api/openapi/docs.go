package openapi

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"net/http"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"
)

// script is the viewer of the docs page (assets/README.md).
//
//go:embed assets/scalar.js
var script []byte

//go:embed assets/docs.html
var docsPage []byte

// docsPolicy keeps the page to this server: nothing is fetched from, or told
// to, any other. The viewer makes style elements as it runs.
const docsPolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; " +
	"font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// packedScript is the script compressed, and its fingerprint.
var packedScript = sync.OnceValues(func() (packed []byte, fingerprint string) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(script) // a buffer takes everything
	_ = w.Close()
	sum := sha256.Sum256(script)
	return b.Bytes(), `"` + hex.EncodeToString(sum[:8]) + `"`
})

// ServeDocument is GET /openapi.yaml.
func ServeDocument(c *gin.Context) { serveDocument(c, Document) }

// ServeAcquiringDocument is GET /openapi/acquiring.yaml.
func ServeAcquiringDocument(c *gin.Context) { serveDocument(c, AcquiringDocument) }

func serveDocument(c *gin.Context, document []byte) {
	c.Header("Access-Control-Allow-Origin", "*") // it is public, and tools in browsers read it
	c.Data(http.StatusOK, "application/yaml; charset=utf-8", document)
}

// ServeDocs is GET /docs.
func ServeDocs(c *gin.Context) {
	c.Header("Content-Security-Policy", docsPolicy)
	c.Data(http.StatusOK, "text/html; charset=utf-8", docsPage)
}

// ServeScript is GET /docs/scalar.js.
func ServeScript(c *gin.Context) {
	packed, fingerprint := packedScript()
	c.Header("ETag", fingerprint)
	c.Header("Cache-Control", "public, max-age=3600")
	c.Header("Vary", "Accept-Encoding")
	if c.GetHeader("If-None-Match") == fingerprint {
		c.Status(http.StatusNotModified)
		return
	}
	body := script
	if strings.Contains(c.GetHeader("Accept-Encoding"), "gzip") {
		c.Header("Content-Encoding", "gzip")
		body = packed
	}
	c.Data(http.StatusOK, "text/javascript; charset=utf-8", body)
}

// Home is GET /.
func Home(c *gin.Context) { c.Redirect(http.StatusFound, "/docs") }
