package temporal

import (
	"go.temporal.io/sdk/log"
	"go.uber.org/zap"
)

// logger writes the SDK's messages to zap. What the SDK calls information
// (workers started, tasks polled) is of interest to a developer only, so it is
// logged at debug level.
type logger struct {
	zap *zap.SugaredLogger
}

var (
	_ log.Logger          = logger{}
	_ log.WithLogger      = logger{}
	_ log.WithSkipCallers = logger{}
)

// NewLogger adapts a zap logger for Temporal clients and workers.
func NewLogger(l *zap.Logger) log.Logger {
	return logger{zap: l.WithOptions(zap.AddCallerSkip(1)).Sugar()}
}

func (l logger) Debug(msg string, keyvals ...any) { l.zap.Debugw(msg, keyvals...) }
func (l logger) Info(msg string, keyvals ...any)  { l.zap.Debugw(msg, keyvals...) }
func (l logger) Warn(msg string, keyvals ...any)  { l.zap.Warnw(msg, keyvals...) }
func (l logger) Error(msg string, keyvals ...any) { l.zap.Errorw(msg, keyvals...) }

// With returns a logger that adds the pairs to every message.
func (l logger) With(keyvals ...any) log.Logger { return logger{zap: l.zap.With(keyvals...)} }

// WithCallerSkip returns a logger that names a caller further up the stack.
func (l logger) WithCallerSkip(depth int) log.Logger {
	return logger{zap: l.zap.WithOptions(zap.AddCallerSkip(depth))}
}
