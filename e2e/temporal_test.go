package e2e

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/workflowservice/v1"
	sdk "go.temporal.io/sdk/client"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"paymenthub/config"
	"paymenthub/internal/temporal/codec"
)

// temporal connects to the hub's Temporal server, as an operator's tool does.
func (h *hub) temporal(t testing.TB) sdk.Client {
	t.Helper()
	c, err := sdk.Dial(sdk.Options{
		HostPort: h.Temporal, Namespace: h.TemporalNamespace, Logger: quiet{}, ConnectionOptions: sdk.ConnectionOptions{GetSystemInfoTimeout: startLimit},
	})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

type quiet struct{}

func (quiet) Debug(string, ...any) {}
func (quiet) Info(string, ...any)  {}
func (quiet) Warn(string, ...any)  {}
func (quiet) Error(string, ...any) {}

// codec is made from the keys in the data folder, as the UI's endpoint is.
func (h *hub) codec(t testing.TB) *codec.Codec {
	t.Helper()
	keys, err := config.DevKeys(h.dir.Keys())
	require.NoError(t, err)
	byID, err := keys.Codec.ByID()
	require.NoError(t, err)
	c, err := codec.New(keys.Codec.Active, byID)
	require.NoError(t, err)
	return c
}

// history returns the events of a workflow as the server has them.
func history(t testing.TB, c sdk.Client, workflowID, runID string) []*historypb.HistoryEvent {
	t.Helper()
	events, err := readHistory(t.Context(), c, workflowID, runID)
	require.NoError(t, err)
	return events
}

// readHistory is history for who goes on with what could be read of it.
func readHistory(ctx context.Context, c sdk.Client, workflowID, runID string) (events []*historypb.HistoryEvent, err error) {
	for next := c.GetWorkflowHistory(ctx, workflowID, runID, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT); next.HasNext(); {
		e, err := next.Next()
		if err != nil {
			return events, err
		}
		events = append(events, e)
	}
	return events, nil
}

// payloads finds every payload in a message, however deep.
func payloads(message proto.Message) []*commonpb.Payload {
	var found []*commonpb.Payload
	var visit func(m protoreflect.Message)
	one := func(kind protoreflect.FieldDescriptor, v protoreflect.Value) {
		if kind.Message() != nil {
			visit(v.Message())
		}
	}
	visit = func(m protoreflect.Message) {
		if p, ok := m.Interface().(*commonpb.Payload); ok {
			found = append(found, p)
			return
		}
		m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
			switch {
			case f.IsList():
				for i := range v.List().Len() {
					one(f, v.List().Get(i))
				}
			case f.IsMap():
				v.Map().Range(func(_ protoreflect.MapKey, value protoreflect.Value) bool {
					one(f.MapValue(), value)
					return true
				})
			default:
				one(f, v)
			}
			return true
		})
	}
	visit(message.ProtoReflect())
	return found
}

// describe writes a workflow's history down, readable, for a test that failed.
func (h *hub) describe(t testing.TB, workflowID string) string {
	t.Helper()
	var text strings.Builder
	for _, e := range history(t, h.temporal(t), workflowID, "") {
		fmt.Fprintf(&text, "%d %s %s", e.EventId, e.EventTime.AsTime().Format("15:04:05.000"), e.EventType)
		opened, err := h.codec(t).Decode(payloads(e))
		require.NoError(t, err)
		for _, p := range opened {
			fmt.Fprintf(&text, " %s", p.Data)
		}
		text.WriteByte('\n')
	}
	return text.String()
}

func TestOperatorsFindAPaymentInTemporal(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		c, sealer := h.temporal(t), h.codec(t)
		done, open := s.paid(t, 7300), s.authorized(t, 7300)
		r := s.post(t, refunds, object{"intent_id": done.ID, "amount": 300}).refund(t)
		s.settled(t, r.ID)
		query := fmt.Sprintf("MerchantId = '%s' AND Environment = 'sandbox' AND Currency = 'AED' AND ", s.id)
		for rest, want := range map[string]string{
			"PaymentStatus = 'succeeded' AND Gateway = 'stripe' AND Amount = 7300 AND ExecutionStatus = 'Completed'": "payment/" + done.ID,
			"PaymentStatus = 'requires_capture' AND Amount > 7299 AND ExecutionStatus = 'Running'":                   "payment/" + open.ID,
			"Amount = 300": "refund/" + r.ID,
		} {
			await(t, settleLimit, rest, func() bool {
				found, err := c.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{Query: query + rest})
				require.NoError(t, err)
				return len(found.Executions) == 1 && found.Executions[0].Execution.WorkflowId == want
			})
			requireSealed(t, sealer, history(t, c, want, ""), strings.TrimPrefix(strings.TrimPrefix(want, "payment/"), "refund/"))
		}
		about, err := c.DescribeWorkflowExecution(t.Context(), "payment/"+open.ID, "")
		require.NoError(t, err)
		summary, err := sealer.Decode([]*commonpb.Payload{about.ExecutionConfig.UserMetadata.Summary})
		require.NoError(t, err)
		require.Contains(t, string(summary[0].Data), "73.00")
		require.Equal(t, http.StatusOK, h.ui(t))
	})
}

// requireSealed holds that a history tells nothing without the key, and the
// named object with it.
func requireSealed(t *testing.T, sealer *codec.Codec, events []*historypb.HistoryEvent, name string) {
	t.Helper()
	require.NotEmpty(t, events)
	var clear []string
	for _, e := range events {
		raw := payloads(e)
		for _, p := range raw {
			kind := string(p.Metadata["encoding"])
			if p.Metadata["type"] != nil {
				continue // a search attribute: those are for everyone who may list workflows
			}
			if kind != codec.Encoding {
				t.Errorf("event %d (%s) holds a payload in clear: %s", e.EventId, e.EventType, protojson.Format(p))
			}
		}
		opened, err := sealer.Decode(raw)
		require.NoError(t, err)
		for _, p := range opened {
			clear = append(clear, string(p.Data))
		}
	}
	require.Contains(t, strings.Join(clear, "\n"), name)
}

// ui asks whether the Temporal UI answers.
func (h *hub) ui(t testing.TB) int {
	t.Helper()
	res, err := web.Get(h.TemporalUI + "/namespaces/default/workflows")
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	return res.StatusCode
}

func TestLookUpRequestOnlyLooks(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		c := h.temporal(t)
		waiting := []intent{s.create(t, nil), s.authorized(t, 500), challenged(t, s, nil)}
		for _, p := range waiting {
			require.NoError(t, c.SignalWorkflow(t.Context(), "payment/"+p.ID, "", "look_up", nil))
		}
		time.Sleep(2 * time.Second)
		var was, is []string
		for _, p := range waiting {
			was, is = append(was, p.Status), append(is, s.intent(t, p.ID).Status)
		}
		require.Equal(t, was, is, "an operator asked for a look-up, nothing else")
		require.Equal(t, "authorized", h.onlyCharge(t, waiting[1].ID).Status)
	})
}
