package telemetry

import (
	"log"
	"strings"

	"go.uber.org/zap"
)

// TakeStandardLog has what libraries write to the standard logger logged at level debug,
// up to the first quotation mark: net/http quotes what a server sent without being asked,
// which may be anything.
func TakeStandardLog(l *zap.Logger) {
	log.SetFlags(0)
	log.SetOutput(unquoted{l.Named("std")})
}

// unquoted logs each line up to what it quotes.
type unquoted struct{ log *zap.Logger }

// Write implements io.Writer.
func (u unquoted) Write(line []byte) (int, error) {
	text, _, _ := strings.Cut(strings.TrimSpace(string(line)), `"`)
	u.log.Debug(text)
	return len(line), nil
}
