package middleware

import (
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"paymenthub/api/decode"
	"paymenthub/internal/fault"
)

// maxPath is what no path of ours comes near, in bytes. Postgres refuses to
// index a text of some 2,700.
const maxPath = 512

// Path refuses paths that nothing may write down, before anything does: no
// object of ours has such a name.
func Path(c *gin.Context) {
	if !traceable(c.Request) {
		Fail(c, fault.New(fault.NotFound, "There is nothing at this path."))
		return
	}
	c.Next()
}

// traceable reports whether a request's path may be written down: it is short
// text, as databases take it, and holds no card number.
func traceable(r *http.Request) bool {
	path := r.URL.Path
	return len(path) <= maxPath && utf8.ValidString(path) && strings.IndexFunc(path, unicode.IsControl) < 0 && !decode.HoldsCardNumber(path)
}
