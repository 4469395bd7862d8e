package middleware

import (
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"runtime/debug"

	"github.com/gin-gonic/gin"
	"go.uber.org/zap"

	"paymenthub/internal/fault"
)

// Recovery answers a panic with internal_error. The stack goes to the log
// alone; of the panic's value only runtime errors are written, since anything
// else might hold a caller's data.
func Recovery(log *zap.Logger) gin.HandlerFunc {
	return func(c *gin.Context) {
		defer func() {
			value := recover()
			if value == nil {
				return
			}
			if value == http.ErrAbortHandler {
				panic(value)
			}
			what := fmt.Sprintf("%T", value)
			var runtimeError runtime.Error
			if err, ok := value.(error); ok && errors.As(err, &runtimeError) {
				what = runtimeError.Error()
			}
			log.Error("panic", zap.String("request_id", of(c).id), zap.String("panic", what), zap.ByteString("stack", debug.Stack()))
			if c.Writer.Written() {
				panic(http.ErrAbortHandler)
			}
			Fail(c, fault.From(fmt.Errorf("panic: %s", what)))
		}()
		c.Next()
	}
}
