package openapi

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"sync"

	"github.com/gin-gonic/gin"

	"paymenthub/api/middleware"
	"paymenthub/web/asset"
)

var (
	// viewer is what draws the docs page (assets/README.md).
	//
	//go:embed assets/scalar.js
	viewer []byte
	// hold keeps what a link to the docs page names in view.
	//
	//go:embed assets/hold.js
	hold []byte
	//go:embed assets/docs.html
	docsSource string
	docsPage   = template.Must(template.New("docs").Parse(docsSource))
)

// docsPolicy keeps the page to this server: nothing is fetched from, or told
// to, any other. The viewer makes style elements as it runs.
const docsPolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; " +
	"font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// docs is the docs page: what it says, and the files that it loads.
type docs struct {
	page  []byte
	files asset.Files
}

// theDocs is put together when it is first asked for: the viewer is large, and most
// commands serve no pages.
var theDocs = sync.OnceValue(func() docs {
	scripts := []*asset.File{asset.Script("scalar", viewer), asset.Script("hold", hold)}
	var page bytes.Buffer
	if err := docsPage.Execute(&page, scripts); err != nil {
		panic(err) // it is executed by a test
	}
	return docs{page: page.Bytes(), files: asset.NewFiles(scripts...)}
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
	c.Data(http.StatusOK, "text/html; charset=utf-8", theDocs().page)
}

// ServeAsset is GET /docs/assets/:file.
func ServeAsset(c *gin.Context) {
	middleware.SendAsset(c, theDocs().files)
}

// Home is GET /.
func Home(c *gin.Context) { c.Redirect(http.StatusFound, "/docs") }
