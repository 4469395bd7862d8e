//go:build !slim

package devserver

import (
	"strings"
	"sync/atomic"

	"go.temporal.io/server/common/log"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// expectedWarning begins what the frontend says at every start without its HTTP
// API, which nothing here needs.
const expectedWarning = "HTTP API port has not been set."

// serverLogger passes the server's warnings and errors on until the server is
// told to stop: from then on its services only complain about losing each other.
// A fatal message panics instead of ending the process.
func serverLogger(l *zap.Logger, stopping *atomic.Bool) log.Logger {
	return log.NewZapLogger(l.WithOptions(
		zap.WrapCore(func(core zapcore.Core) zapcore.Core { return quietCore{Core: core, stopping: stopping} }),
		zap.WithFatalHook(zapcore.WriteThenPanic),
	))
}

type quietCore struct {
	zapcore.Core
	stopping *atomic.Bool
}

func (c quietCore) Enabled(level zapcore.Level) bool {
	return level >= zapcore.WarnLevel && !c.stopping.Load() && c.Core.Enabled(level)
}

func (c quietCore) With(fields []zapcore.Field) zapcore.Core {
	return quietCore{Core: c.Core.With(fields), stopping: c.stopping}
}

func (c quietCore) Check(entry zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if !c.Enabled(entry.Level) || strings.HasPrefix(entry.Message, expectedWarning) {
		return checked
	}
	return c.Core.Check(entry, checked)
}
