//go:build !slim

package devserver

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"

	"go.temporal.io/server/common/log"
	"go.temporal.io/server/service/history/shard"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// expectedWarning begins what the frontend says at every start without its HTTP
// API, which nothing here needs.
const expectedWarning = "HTTP API port has not been set."

// serverLogger passes the server's warnings and errors on until the server is
// told to stop: from then on its services only complain about losing each other.
// That a caller has hung up (a worker that stops leaves its polls) is no error of the
// server's, though its database calls say so; nor is it one that a queue's reader, which a
// start begins a moment before the shard is marked as its own, has to look again. A fatal
// message panics instead of ending the process.
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
	return checked.AddCore(entry, c)
}

func (c quietCore) Write(entry zapcore.Entry, fields []zapcore.Field) error {
	if entry.Level < zapcore.FatalLevel && slices.ContainsFunc(fields, harmless) {
		return nil
	}
	return c.Core.Write(entry, fields)
}

// harmless is whether a field is the error of a call whose caller has left, of which the
// database's errors keep only the text, or of one that came before its shard was acquired:
// the server makes that one again, and logs by itself why a shard cannot be.
func harmless(f zapcore.Field) bool {
	err, ok := f.Interface.(error)
	return ok && (errors.Is(err, context.Canceled) || strings.HasSuffix(err.Error(), context.Canceled.Error()) ||
		errors.Is(err, shard.ErrShardStatusUnknown))
}
