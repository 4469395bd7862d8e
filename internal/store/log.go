package store

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// queryLog writes failed and slow statements to the hub's log. Values never
// get there: statements are logged with their placeholders.
type queryLog struct {
	log  *zap.Logger
	slow time.Duration // 0: none is slow
}

// LogMode implements logger.Interface; the level is the zap logger's.
func (l queryLog) LogMode(logger.LogLevel) logger.Interface { return l }

// Info implements logger.Interface.
func (l queryLog) Info(_ context.Context, message string, args ...any) {
	l.log.Sugar().Infof(message, args...)
}

// Warn implements logger.Interface.
func (l queryLog) Warn(_ context.Context, message string, args ...any) {
	l.log.Sugar().Warnf(message, args...)
}

// Error implements logger.Interface.
func (l queryLog) Error(_ context.Context, message string, args ...any) {
	l.log.Sugar().Errorf(message, args...)
}

// Trace implements logger.Interface.
func (l queryLog) Trace(_ context.Context, begin time.Time, statement func() (string, int64), err error) {
	took := time.Since(begin)
	switch {
	case err != nil && !errors.Is(err, gorm.ErrRecordNotFound) && !errors.Is(err, context.Canceled):
		text, _ := statement()
		l.log.Warn("statement failed", zap.String("sql", text), zap.Duration("took", took), zap.Error(err))
	case l.slow > 0 && took >= l.slow:
		text, rows := statement()
		l.log.Warn("slow statement", zap.String("sql", text), zap.Duration("took", took), zap.Int64("rows", rows))
	}
}

// ParamsFilter implements gorm.ParamsFilter: it drops the values.
func (queryLog) ParamsFilter(_ context.Context, statement string, _ ...any) (string, []any) {
	return statement, nil
}
