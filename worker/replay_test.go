package worker_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/temporalproto"
	"go.temporal.io/api/workflowservice/v1"
	sdkworker "go.temporal.io/sdk/worker"
	"go.uber.org/zap"

	"paymenthub/config"
	"paymenthub/internal/datadir"
	"paymenthub/internal/temporal"
	"paymenthub/internal/temporal/codec"
	"paymenthub/worker"
)

// histories has a folder per release: the lives of payments and webhooks as that
// release lived them, sealed as in production, with the throwaway key that opens them
// and how many there are.
const histories = "testdata/histories"

// corpus is release.json.
type corpus struct {
	Count int    `json:"count"`
	Key   string `json:"key"` // base64 of the payload key, which opens nothing but this folder
}

// TestHistoriesOfEveryReleaseReplay fails when a change to a workflow would
// break payments and webhooks that are on their way.
func TestHistoriesOfEveryReleaseReplay(t *testing.T) {
	releases, err := filepath.Glob(histories + "/*/release.json")
	require.NoError(t, err)
	require.NotEmpty(t, releases, "there are recorded histories")
	for _, file := range releases {
		t.Run(filepath.Base(filepath.Dir(file)), func(t *testing.T) { replayRelease(t, file) })
	}
}

func replayRelease(t *testing.T, file string) {
	var c corpus
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &c))
	key, err := base64.StdEncoding.DecodeString(c.Key)
	require.NoError(t, err)
	payloads, err := codec.New("dev", map[string][]byte{"dev": key})
	require.NoError(t, err)
	converter := codec.NewDataConverter(payloads)
	replayer, err := sdkworker.NewWorkflowReplayerWithOptions(sdkworker.WorkflowReplayerOptions{
		DataConverter: converter, FailureConverter: codec.NewFailureConverter(converter), DisableRegistrationAliasing: true,
		DisableDeadlockDetection: true, // a machine that stands still for a second is no deadlock
	})
	require.NoError(t, err)
	worker.RegisterWorkflows(replayer)
	recorded, err := filepath.Glob(filepath.Join(filepath.Dir(file), "*.history.json"))
	require.NoError(t, err)
	require.Len(t, recorded, c.Count, "as many histories as the release recorded")
	for _, name := range recorded {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".history.json"), func(t *testing.T) {
			require.NoError(t, replayer.ReplayWorkflowHistoryFromJSONFile(temporal.NewLogger(zap.NewNop()), name))
		})
	}
}

var (
	recordFrom = flag.String("record-from", "", "data folder of a running dev hub whose histories are to be recorded")
	recordAs   = flag.String("record-as", "", "release to record them for")
)

// TestRecordHistories writes the histories of every workflow that a running
// hub has closed or left waiting, one per distinct shape:
//
//	go test ./worker -run TestRecordHistories -args -record-from .paymenthub -record-as v1
func TestRecordHistories(t *testing.T) {
	if *recordFrom == "" {
		t.Skip("records only when asked to: -record-from")
	}
	require.NotEmpty(t, *recordAs, "-record-as names the release")
	dir := datadir.At(*recordFrom)
	info, _, err := dir.ReadInfo()
	require.NoError(t, err)
	keys, err := config.DevKeys(dir.Keys())
	require.NoError(t, err)
	sealed, err := keys.Codec.ByID()
	require.NoError(t, err)
	payloads, err := codec.New(keys.Codec.Active, sealed)
	require.NoError(t, err)
	client, err := temporal.Dial(t.Context(), temporal.Options{
		Address: info.Temporal, Namespace: info.TemporalNamespace, DataConverter: codec.NewDataConverter(payloads),
	})
	require.NoError(t, err)
	defer client.Close()

	into := filepath.Join(histories, *recordAs)
	require.NoError(t, os.MkdirAll(into, 0o750))
	shapes := map[string]bool{}
	list, err := client.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{Query: "WorkflowType IN ('PaymentWorkflow', 'RefundWorkflow', 'DisputeWorkflow', 'PaymentMethodWorkflow', 'WebhookDeliveryWorkflow', 'WebhookReplayWorkflow')", PageSize: 1000})
	require.NoError(t, err)
	for _, e := range list.Executions {
		history := &historypb.History{}
		events := client.GetWorkflowHistory(context.Background(), e.Execution.WorkflowId, e.Execution.RunId, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		shape := e.Type.Name
		for events.HasNext() {
			event, err := events.Next()
			require.NoError(t, err)
			history.Events = append(history.Events, event)
			shape += "," + event.EventType.String()
		}
		if shapes[shape] {
			continue
		}
		shapes[shape] = true
		raw, err := temporalproto.CustomJSONMarshalOptions{Indent: " "}.Marshal(history)
		require.NoError(t, err)
		name := strings.ReplaceAll(e.Execution.WorkflowId, "/", "-") + "-" + e.Execution.RunId[:8] + ".history.json"
		require.NoError(t, os.WriteFile(filepath.Join(into, name), raw, 0o600))
	}
	raw, err := json.Marshal(corpus{Count: len(shapes), Key: base64.StdEncoding.EncodeToString(sealed[keys.Codec.Active])})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(into, "release.json"), raw, 0o600))
	t.Logf("recorded %d histories in %s", len(shapes), into)
}
