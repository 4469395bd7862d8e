package telemetry_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"

	"github.com/libtnb/sqlite"
	"github.com/stretchr/testify/require"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"google.golang.org/protobuf/proto"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"paymenthub/internal/telemetry"
)

// receiver is an OTLP/HTTP receiver that keeps spans by name.
type receiver struct {
	mu      sync.Mutex
	spans   map[string]*otlp.Span
	raw     []byte
	service string
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	reader := io.Reader(req.Body)
	if req.Header.Get("Content-Encoding") == "gzip" {
		unzipped, err := gzip.NewReader(req.Body)
		if err != nil {
			http.Error(w, "gzip", http.StatusBadRequest)
			return
		}
		reader = unzipped
	}
	body, err := io.ReadAll(io.LimitReader(reader, 1<<20))
	var export collector.ExportTraceServiceRequest
	if err != nil || req.URL.Path != "/v1/traces" || proto.Unmarshal(body, &export) != nil {
		http.Error(w, "not OTLP", http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.raw = append(r.raw, body...)
	for _, resource := range export.GetResourceSpans() {
		r.service = resource.GetResource().GetAttributes()[0].GetValue().GetStringValue()
		for _, scope := range resource.GetScopeSpans() {
			for _, span := range scope.GetSpans() {
				r.spans[span.GetName()] = span
			}
		}
	}
}

func start(t *testing.T) (*telemetry.Tracing, *receiver) {
	t.Helper()
	r := &receiver{spans: map[string]*otlp.Span{}}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	tracing, err := telemetry.NewTracing(t.Context(), telemetry.TracingOptions{Endpoint: server.URL, Version: "1.2.3", SamplePercent: 100})
	require.NoError(t, err)
	return tracing, r
}

func TestSpansTravelToTheReceiver(t *testing.T) {
	tracing, r := start(t)
	var sent http.Header
	gateway := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) { sent = req.Header }))
	defer gateway.Close()

	ctx, span := tracing.Provider().Tracer("test").Start(t.Context(), "confirm")
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, gateway.URL+"/v1/payment_intents", nil)
	require.NoError(t, err)
	res, err := (&http.Client{Transport: tracing.HTTPTransport(nil)}).Do(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	span.End()
	require.NoError(t, tracing.Close(t.Context()))

	require.Equal(t, "paymenthub", r.service)
	confirm, call := r.spans["confirm"], r.spans["POST "+gateway.Listener.Addr().String()]
	require.NotNil(t, confirm)
	require.NotNil(t, call)
	require.Equal(t, confirm.GetTraceId(), call.GetTraceId())
	require.Equal(t, confirm.GetSpanId(), call.GetParentSpanId())
	require.Empty(t, sent.Get("Traceparent"), "gateways are not told of our traces")
}

func TestTemporalActivitiesAreTraced(t *testing.T) {
	tracing, r := start(t)
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	tracer, err := tracing.TemporalInterceptor()
	require.NoError(t, err)
	env.SetWorkerOptions(worker.Options{Interceptors: []interceptor.WorkerInterceptor{tracer}})
	env.RegisterActivityWithOptions(func() error { return nil }, activity.RegisterOptions{Name: "Authorize"})
	_, err = env.ExecuteActivity("Authorize")
	require.NoError(t, err)
	require.NoError(t, tracing.Close(t.Context()))
	require.Contains(t, r.spans, "RunActivity:Authorize")
}

type card struct {
	ID    string
	Last4 string
}

func TestSQLSpansHoldNoValues(t *testing.T) {
	const distinctive = "hunter2-4242"
	tracing, r := start(t)
	db, err := gorm.Open(sqlite.Open(filepath.Join(t.TempDir(), "x.db")), &gorm.Config{Logger: logger.Discard})
	require.NoError(t, err)
	require.NoError(t, tracing.TraceSQL(db))
	require.NoError(t, db.Exec("CREATE TABLE cards (id text PRIMARY KEY, last4 text)").Error)

	ctx, span := tracing.Provider().Tracer("test").Start(t.Context(), "request")
	in := db.WithContext(ctx)
	require.NoError(t, in.Create(&card{ID: distinctive, Last4: distinctive}).Error)
	require.Error(t, in.Exec("INSERT INTO cards (id) VALUES ('"+distinctive+"')").Error)
	var found card
	require.NoError(t, in.Where("id = ?", distinctive).First(&found).Error)
	require.NoError(t, in.Model(&card{}).Where("id = ?", distinctive).Update("last4", distinctive+"x").Error)
	require.ErrorIs(t, in.Where("id = 'none'").First(&card{}).Error, gorm.ErrRecordNotFound)
	require.NoError(t, in.Raw("SELECT last4 FROM cards WHERE id = '"+distinctive+"'").Scan(&found.Last4).Error)
	require.NoError(t, in.Where("id = ?", distinctive).Delete(&card{}).Error)
	require.NoError(t, db.Create(&card{ID: "outside of any trace"}).Error)
	span.End()
	require.NoError(t, tracing.Close(t.Context()))

	require.Len(t, r.spans, 7)
	for name, status := range map[string]otlp.Status_StatusCode{
		"INSERT cards": 0, "INSERT": otlp.Status_STATUS_CODE_ERROR, "SELECT cards": 0, "SELECT": 0, "UPDATE cards": 0, "DELETE cards": 0,
	} {
		require.Contains(t, r.spans, name)
		require.Equal(t, r.spans["request"].GetSpanId(), r.spans[name].GetParentSpanId(), name)
		require.Equal(t, status, r.spans[name].GetStatus().GetCode(), name)
	}
	require.NotContains(t, string(r.raw), "hunter2")
}

func TestNoEndpointTurnsTracingOff(t *testing.T) {
	tracing, err := telemetry.NewTracing(t.Context(), telemetry.TracingOptions{})
	require.NoError(t, err)
	require.Nil(t, tracing)
	tracer, err := tracing.TemporalInterceptor()
	require.NoError(t, err)
	require.Nil(t, tracer)
	require.Same(t, http.DefaultTransport, tracing.HTTPTransport(nil))
	require.NoError(t, tracing.TraceSQL(nil))
	require.NoError(t, tracing.Close(t.Context()))
	_, span := tracing.Provider().Tracer("test").Start(t.Context(), "x")
	require.False(t, span.IsRecording())
	_, err = telemetry.NewTracing(t.Context(), telemetry.TracingOptions{Endpoint: "collector:4318"})
	require.ErrorContains(t, err, "http://host:4318")
}
