package telemetry

import (
	"errors"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"gorm.io/gorm"
)

const (
	callbackName = "paymenthub:tracing"
	spanKey      = callbackName + ":span"
)

// TraceSQL makes a span of every statement of db (a *gorm.DB, or what hands the
// plugin on to several) that runs inside a trace. A span names operation and
// table, never the statement: values could stand in it.
func (t *Tracing) TraceSQL(db interface {
	Use(plugin gorm.Plugin) error
}) error {
	if t == nil {
		return nil
	}
	return db.Use(sqlSpans{tracer: t.provider.Tracer(service + "/sql")})
}

// sqlSpans is a GORM plugin.
type sqlSpans struct{ tracer trace.Tracer }

// Name implements gorm.Plugin.
func (sqlSpans) Name() string { return callbackName }

// Initialize implements gorm.Plugin.
func (s sqlSpans) Initialize(db *gorm.DB) error {
	c := db.Callback()
	return errors.Join(
		c.Create().Before("*").Register(callbackName+":before", s.start),
		c.Create().After("*").Register(callbackName+":after", s.end("INSERT")),
		c.Query().Before("*").Register(callbackName+":before", s.start),
		c.Query().After("*").Register(callbackName+":after", s.end("SELECT")),
		c.Update().Before("*").Register(callbackName+":before", s.start),
		c.Update().After("*").Register(callbackName+":after", s.end("UPDATE")),
		c.Delete().Before("*").Register(callbackName+":before", s.start),
		c.Delete().After("*").Register(callbackName+":after", s.end("DELETE")),
		c.Row().Before("*").Register(callbackName+":before", s.start),
		c.Row().After("*").Register(callbackName+":after", s.end("")),
		c.Raw().Before("*").Register(callbackName+":before", s.start),
		c.Raw().After("*").Register(callbackName+":after", s.end("")),
	)
}

// systemName is the dialect in the words of OpenTelemetry's db.system.name.
func systemName(dialect string) string {
	if dialect == "postgres" {
		return "postgresql"
	}
	return dialect
}

// start begins a span where a trace is under way: pollers and start-up make none.
func (s sqlSpans) start(db *gorm.DB) {
	if !trace.SpanContextFromContext(db.Statement.Context).IsValid() {
		return
	}
	_, span := s.tracer.Start(db.Statement.Context, "sql", trace.WithSpanKind(trace.SpanKindClient))
	db.InstanceSet(spanKey, span)
}

// end finishes the span of an operation; "" takes the operation from the
// statement's first word.
func (s sqlSpans) end(operation string) func(*gorm.DB) {
	return func(db *gorm.DB) {
		value, ok := db.InstanceGet(spanKey)
		if !ok {
			return
		}
		span, ok := value.(trace.Span)
		if !ok {
			return
		}
		defer span.End()
		op := operation
		if op == "" {
			op = firstWord(db.Statement.SQL.String())
		}
		span.SetName(strings.TrimSpace(op + " " + db.Statement.Table))
		span.SetAttributes(
			attribute.String("db.system.name", systemName(db.Dialector.Name())),
			attribute.String("db.operation.name", op),
			attribute.String("db.collection.name", db.Statement.Table),
			attribute.Int64("db.response.returned_rows", db.RowsAffected))
		if db.Error != nil && !errors.Is(db.Error, gorm.ErrRecordNotFound) {
			span.SetStatus(codes.Error, "statement failed") // the database's own text may quote values
		}
	}
}

// firstWord is the verb of a statement, "SQL" when it is none we know.
func firstWord(statement string) string {
	word, _, _ := strings.Cut(strings.TrimSpace(statement), " ")
	switch verb := strings.ToUpper(strings.TrimSpace(word)); verb {
	case "SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "VALUES":
		return verb
	default:
		return "SQL"
	}
}
