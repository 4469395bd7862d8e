package middleware

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"paymenthub/internal/fault"
	"paymenthub/web/asset"
)

// pageStatuses are the statuses of pages that tell people of a failure. The façades that
// programs read have tables of their own, with their words.
var pageStatuses = map[fault.Code]int{
	fault.Invalid:              http.StatusBadRequest,
	fault.Forbidden:            http.StatusForbidden,
	fault.NotFound:             http.StatusNotFound,
	fault.MethodNotAllowed:     http.StatusMethodNotAllowed,
	fault.InvalidState:         http.StatusConflict,
	fault.IdempotencyConflict:  http.StatusConflict,
	fault.PayloadTooLarge:      http.StatusRequestEntityTooLarge,
	fault.UnsupportedMediaType: http.StatusUnsupportedMediaType,
	fault.RateLimited:          http.StatusTooManyRequests,
	fault.Unavailable:          http.StatusServiceUnavailable,
}

// PageStatus is the HTTP status of a page that tells of a failure of this code.
func PageStatus(code fault.Code) int {
	if status, ok := pageStatuses[code]; ok {
		return status
	}
	return http.StatusInternalServerError
}

// SendAsset answers with the file of a page that the path names. Errors: fault.NotFound.
func SendAsset(c *gin.Context, files asset.Files) {
	found, ok := files[c.Param("file")]
	if !ok {
		Fail(c, fault.New(fault.NotFound, "There is nothing at this path."))
		return
	}
	found.Send(c.Writer, c.Request)
}
