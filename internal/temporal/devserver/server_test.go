//go:build !slim

package devserver_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	sdktemporal "go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"paymenthub/internal/temporal"
	"paymenthub/internal/temporal/attribute"
	"paymenthub/internal/temporal/codec"
	"paymenthub/internal/temporal/devserver"
)

const (
	taskQueue = "devserver-test"
	freePort  = "127.0.0.1:0"
)

type order struct {
	Reference string
	Amount    int64
}

func echoActivity(_ context.Context, o order) (order, error) { return o, nil }

// echoWorkflow runs one local activity and returns its result.
func echoWorkflow(ctx workflow.Context, o order) (order, error) {
	ctx = workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{StartToCloseTimeout: 5 * time.Second})
	var echoed order
	err := workflow.ExecuteLocalActivity(ctx, echoActivity, o).Get(ctx, &echoed)
	return echoed, err
}

func testCodec(t testing.TB) *codec.Codec {
	t.Helper()
	c, err := codec.New("k1", map[string][]byte{"k1": []byte("0123456789abcdef0123456789abcdef")})
	require.NoError(t, err)
	return c
}

func startServer(t testing.TB, o devserver.Options) *devserver.Server {
	t.Helper()
	if o.Address == "" {
		o.Address = freePort
	}
	begin := time.Now()
	s, err := devserver.Start(t.Context(), o)
	require.NoError(t, err)
	t.Logf("serving after %s", time.Since(begin).Round(time.Millisecond))
	t.Cleanup(s.Stop)
	return s
}

func dial(t testing.TB, s *devserver.Server) client.Client {
	t.Helper()
	dc := codec.NewDataConverter(testCodec(t))
	c, err := temporal.Dial(t.Context(), temporal.Options{
		Address: s.Address(), Namespace: "default",
		DataConverter: dc, FailureConverter: codec.NewFailureConverter(dc),
	})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

func startWorker(t testing.TB, c client.Client) worker.Worker {
	t.Helper()
	w := worker.New(c, taskQueue, worker.Options{WorkerStopTimeout: time.Second})
	w.RegisterWorkflow(echoWorkflow)
	w.RegisterWorkflow(waitingWorkflow)
	w.RegisterActivity(echoActivity)
	require.NoError(t, w.Start())
	return w
}

func runOrder(t testing.TB, c client.Client, id string, attributes ...sdktemporal.SearchAttributeUpdate) {
	t.Helper()
	sent := order{Reference: "ref-" + id, Amount: 1234}
	run, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
		ID: id, TaskQueue: taskQueue, EnableEagerStart: true, StaticSummary: "order " + id,
		TypedSearchAttributes: sdktemporal.NewSearchAttributes(attributes...),
	}, echoWorkflow, sent)
	require.NoError(t, err)
	var got order
	require.NoError(t, run.Get(t.Context(), &got))
	require.Equal(t, sent, got)
}

func awaitCount(t testing.TB, c client.Client, query string, want int64) {
	t.Helper()
	require.Eventually(t, func() bool {
		answer, err := c.CountWorkflow(t.Context(), &workflowservice.CountWorkflowExecutionsRequest{Query: query})
		return err == nil && answer.GetCount() == want
	}, 30*time.Second, 20*time.Millisecond, "no %d workflows for %s", want, query)
}

// folder is a temporary one. A server that takes too long to stop is left behind, and may
// write in it while it is removed.
func folder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "devserver-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// unstalled is how long something takes, without the time for which the machine stood
// still: by that much ticks come late.
func unstalled(do func()) time.Duration {
	const tick = 10 * time.Millisecond
	done, told := make(chan struct{}), make(chan time.Duration)
	go func() {
		var late time.Duration
		for last := time.Now(); ; last = time.Now() {
			select {
			case <-time.After(tick):
				late += time.Since(last) - tick
			case <-done:
				told <- late
				return
			}
		}
	}()
	begin := time.Now()
	do()
	took := time.Since(begin)
	close(done)
	return took - <-told
}

func TestStateSurvivesARestart(t *testing.T) {
	core, logged := observer.New(zap.InfoLevel)
	o := devserver.Options{
		DataFile:         filepath.Join(folder(t), "data", "temporal.db"),
		SearchAttributes: map[string]enumspb.IndexedValueType{"MerchantId": enumspb.INDEXED_VALUE_TYPE_KEYWORD},
		Logger:           zap.New(core),
	}
	first := startServer(t, o)
	c := dial(t, first)
	require.NoError(t, temporal.HealthCheck(t.Context(), c))
	w := startWorker(t, c)
	runOrder(t, c, "before", attribute.MerchantID.ValueSet("mch_1"))
	w.Stop()
	c.Close()
	took := unstalled(first.Stop)
	t.Logf("stopped after %s", took.Round(time.Millisecond))
	require.Less(t, took, 3500*time.Millisecond)
	require.Empty(t, logged.All(), "an ordinary start and stop is silent")

	// The second start asks for more attributes than the file knows.
	o.SearchAttributes = attribute.Types()
	second := startServer(t, o)
	c = dial(t, second)
	described, err := c.DescribeWorkflowExecution(t.Context(), "before", "")
	require.NoError(t, err)
	require.Equal(t, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, described.GetWorkflowExecutionInfo().GetStatus())

	w = startWorker(t, c)
	defer w.Stop()
	runOrder(t, c, "after", attribute.MerchantID.ValueSet("mch_1"), attribute.Amount.ValueSet(1234), attribute.Currency.ValueSet("EUR"))
	awaitCount(t, c, "MerchantId = 'mch_1'", 2)
	awaitCount(t, c, "Amount > 1000 AND Currency = 'EUR'", 1)
	require.NoError(t, temporal.EnsureSearchAttributes(t.Context(), c, "default"))

	err = temporal.RegisterSearchAttributes(t.Context(), c, "default",
		map[string]enumspb.IndexedValueType{"Amount": enumspb.INDEXED_VALUE_TYPE_KEYWORD})
	require.ErrorContains(t, err, "search attribute Amount")
}

func TestEagerStartReachesTheLocalWorker(t *testing.T) {
	s := startServer(t, devserver.Options{})
	c := dial(t, s)
	w := startWorker(t, c)
	defer w.Stop()
	runOrder(t, c, "eager")
	events := c.GetWorkflowHistory(t.Context(), "eager", "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	require.True(t, events.HasNext())
	started, err := events.Next()
	require.NoError(t, err)
	require.True(t, started.GetWorkflowExecutionStartedEventAttributes().GetEagerExecutionAccepted())
}

func TestTwoServersSideBySide(t *testing.T) {
	one, two := startServer(t, devserver.Options{}), startServer(t, devserver.Options{})
	require.NotEqual(t, one.Address(), two.Address())
	c := dial(t, one)
	w := startWorker(t, c)
	defer w.Stop()
	runOrder(t, c, "only-in-one")
	_, err := dial(t, two).DescribeWorkflowExecution(t.Context(), "only-in-one", "")
	require.ErrorContains(t, err, "not found")
}

func TestDeletedFilesBeginAfresh(t *testing.T) {
	data := filepath.Join(folder(t), "data")
	o := devserver.Options{DataFile: filepath.Join(data, "temporal.db")}
	for range 2 {
		s := startServer(t, o)
		c := dial(t, s)
		_, err := c.DescribeWorkflowExecution(t.Context(), "once", "")
		require.ErrorContains(t, err, "not found")
		w := startWorker(t, c)
		runOrder(t, c, "once")
		awaitCount(t, c, "WorkflowId = 'once'", 1)
		w.Stop()
		c.Close()
		s.Stop()
		require.Eventually(t, func() bool { return os.RemoveAll(data) == nil }, 30*time.Second, 10*time.Millisecond)
	}
}

func TestDialWantsTheNamespace(t *testing.T) {
	s := startServer(t, devserver.Options{Namespace: "payments"})
	_, err := temporal.Dial(t.Context(), temporal.Options{Address: s.Address(), Namespace: "default"})
	require.ErrorContains(t, err, `namespace "default" does not exist`)
	c, err := temporal.Dial(t.Context(), temporal.Options{Address: s.Address(), Namespace: "payments"})
	require.NoError(t, err)
	c.Close()
}

func TestTakenPortIsOneClearError(t *testing.T) {
	taken, err := net.Listen("tcp", freePort)
	require.NoError(t, err)
	defer taken.Close()
	address := taken.Addr().String()

	_, err = devserver.Start(t.Context(), devserver.Options{Address: address})
	require.EqualError(t, err, fmt.Sprintf("embedded Temporal cannot listen on %s: the port is in use", address))

	_, err = devserver.Start(t.Context(), devserver.Options{Address: freePort, UIAddress: address})
	require.EqualError(t, err, fmt.Sprintf("the Temporal UI cannot listen on %s: the port is in use", address))
}

func TestUIKnowsTheCodecEndpoint(t *testing.T) {
	const endpoint = "http://127.0.0.1:8080/codec"
	s := startServer(t, devserver.Options{UIAddress: freePort, CodecEndpoint: endpoint})
	base := "http://" + s.UIAddress()

	page := get(t, base+"/namespaces/default/workflows")
	require.Contains(t, string(page), "<html")

	var settings struct {
		DefaultNamespace string
		Codec            struct{ Endpoint string }
	}
	require.NoError(t, json.Unmarshal(get(t, base+"/api/v1/settings"), &settings))
	require.Equal(t, "default", settings.DefaultNamespace)
	require.Equal(t, endpoint, settings.Codec.Endpoint)

	require.Contains(t, string(get(t, base+"/api/v1/namespaces/default")), `"default"`)
}

func TestFaultyOptionsAreRefused(t *testing.T) {
	_, err := devserver.Start(t.Context(), devserver.Options{Address: freePort, Shards: 1, Retention: time.Minute})
	require.ErrorContains(t, err, "at least 4 history shards")
	require.ErrorContains(t, err, "at least 1 h")
}

func get(t testing.TB, url string) []byte {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, answer.StatusCode, "%s: %s", url, body)
	return body
}
