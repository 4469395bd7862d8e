// Package telemetry tells operators what the hub does: logs here, traces over
// OTLP, and metrics in the package metric. Nothing here sees card data, and what
// is written about SQL never holds its values.
package telemetry

import (
	"fmt"
	"io"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// timeLayout is RFC 3339 with milliseconds.
const timeLayout = "2006-01-02T15:04:05.000Z07:00"

// NewLogger makes a logger that writes to w at level (debug, info, warn, error)
// and above. Format "json" writes one object a line, with the time in UTC as
// "ts", "level", "logger" and "msg"; "console" is for people.
func NewLogger(level, format string, w io.Writer) (*zap.Logger, error) {
	least, err := zapcore.ParseLevel(level)
	if err != nil {
		return nil, fmt.Errorf("log level %q: want debug, info, warn or error", level)
	}
	layout := zapcore.EncoderConfig{
		TimeKey: "ts", LevelKey: "level", NameKey: "logger", MessageKey: "msg", StacktraceKey: "stack",
		EncodeTime: utc, EncodeLevel: zapcore.LowercaseLevelEncoder, EncodeDuration: zapcore.StringDurationEncoder,
	}
	var encoder zapcore.Encoder
	switch format {
	case "json":
		encoder = zapcore.NewJSONEncoder(layout)
	case "console":
		layout.EncodeTime = zapcore.TimeEncoderOfLayout("15:04:05.000")
		layout.EncodeLevel = zapcore.CapitalLevelEncoder
		layout.ConsoleSeparator = "  "
		encoder = zapcore.NewConsoleEncoder(layout)
	default:
		return nil, fmt.Errorf("log format %q: want json or console", format)
	}
	return zap.New(zapcore.NewCore(encoder, zapcore.Lock(zapcore.AddSync(w)), least)), nil
}

func utc(t time.Time, e zapcore.PrimitiveArrayEncoder) { e.AppendString(t.UTC().Format(timeLayout)) }
