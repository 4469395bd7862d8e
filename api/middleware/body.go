package middleware

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"paymenthub/internal/fault"
)

// MaxBody is the largest body that is read, in bytes.
const MaxBody = 1 << 20

// bodyTime is how long a client may take to send a body.
const bodyTime = 10 * time.Second

// ReadBody reads the body of a write, which must be JSON where there is one.
func ReadBody(c *gin.Context) {
	readBody(c, isJSON)
}

// ReadShoppers is ReadBody for those who have no key.
func ReadShoppers(c *gin.Context) {
	hurry(c, ReadBody)
}

// ReadForm reads the form of a page for those who have no key.
func ReadForm(c *gin.Context) {
	hurry(c, func(c *gin.Context) { readBody(c, isForm) })
}

// ReadSigned reads a body of any type, byte for byte as it was signed.
func ReadSigned(c *gin.Context) {
	hurry(c, func(c *gin.Context) { readBody(c, func(http.Header) bool { return true }) })
}

// hurry bounds how long the body may take. What cannot be bounded, as in tests, is
// bounded by the server's own limit.
func hurry(c *gin.Context, read gin.HandlerFunc) {
	_ = http.NewResponseController(c.Writer).SetReadDeadline(time.Now().Add(bodyTime))
	read(c)
}

func readBody(c *gin.Context, takes func(http.Header) bool) {
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, MaxBody))
	_ = http.NewResponseController(c.Writer).SetReadDeadline(time.Time{})
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		Fail(c, fault.New(fault.PayloadTooLarge, "The request body must have at most 1 MiB."))
	case err != nil:
		Fail(c, fault.New(fault.Invalid, "The request body could not be read to its end.").Because(err))
	case len(body) > 0 && !takes(c.Request.Header):
		Fail(c, fault.New(fault.UnsupportedMediaType, "The request body must be sent as 'Content-Type: application/json', uncompressed."))
	default:
		of(c).body = body
		c.Next()
	}
}

func isForm(h http.Header) bool {
	mediaType, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	return err == nil && mediaType == "application/x-www-form-urlencoded"
}

func isJSON(h http.Header) bool {
	mediaType, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil || mediaType != "application/json" || len(h.Values("Content-Type")) > 1 {
		return false
	}
	if charset, ok := params["charset"]; ok && !strings.EqualFold(charset, "utf-8") {
		return false
	}
	encoding := h.Get("Content-Encoding")
	return encoding == "" || strings.EqualFold(encoding, "identity")
}
