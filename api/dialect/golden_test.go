package dialect_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/api/dialect"
	"paymenthub/internal/event"
	"paymenthub/internal/merchant"
	"paymenthub/internal/payment"
	"paymenthub/internal/webhook"
)

var update = flag.Bool("update", false, "write what the dialects make of each event into testdata/golden")

const (
	noWord  = "no word"
	section = "=== "
)

// pair is a file of testdata/golden: a line that says what happened, the event's type,
// the object that it tells of as the domain writes it down, and after each "=== " a
// dialect with its names for the event and its message by the first of them.
type pair struct {
	said  string // the lines before the sections
	event event.Event
	told  map[webhook.Dialect]telling
}

type telling struct {
	names string // separated by ", "; noWord
	body  string // indented
}

func readPair(t testing.TB, file string) pair {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	said, sections, _ := strings.Cut(string(text), "\n"+section)
	p := pair{said: said, told: map[webhook.Dialect]telling{}}
	_, asked, found := strings.Cut(said, "\n")
	require.True(t, found, file)
	kind, object, _ := strings.Cut(asked, "\n")
	p.event = eventOf(t, event.Type(kind), object)
	for part := range strings.SplitSeq(sections, "\n"+section) {
		head, body, _ := strings.Cut(part, "\n")
		of, names, _ := strings.Cut(head, ": ")
		p.told[webhook.Dialect(of)] = telling{names: names, body: strings.TrimSpace(body)}
	}
	return p
}

// eventOf is the event as the store returns it.
func eventOf(t testing.TB, kind event.Type, object string) event.Event {
	t.Helper()
	var about struct {
		ID        string         `json:"id"`
		Scope     merchant.Scope `json:"scope"`
		UpdatedAt time.Time      `json:"updated_at"`
	}
	require.NoError(t, json.Unmarshal([]byte(object), &about))
	return event.Event{
		ID: "evt_01KA0V9Y7M8N3QJ5W2R6T4XCZB", Scope: about.Scope, Type: kind, ObjectID: about.ID,
		Object: compact(t, object), CreatedAt: about.UpdatedAt,
	}
}

func compact(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, json.Compact(&b, []byte(text)))
	return b.Bytes()
}

// tell is what a dialect makes of the event.
func tell(t testing.TB, d webhook.Dialect, e event.Event) telling {
	t.Helper()
	names := d.Names(e)
	if len(names) == 0 {
		return telling{names: noWord}
	}
	body, err := dialect.Renderer{}.Render(d, names[0], e)
	require.NoError(t, err)
	require.Equal(t, string(compact(t, string(body))), string(body), "messages are compact")
	var b bytes.Buffer
	require.NoError(t, json.Indent(&b, body, "", "  "))
	return telling{names: strings.Join(names, ", "), body: b.String()}
}

func (p pair) write(t testing.TB, file string) {
	t.Helper()
	var b strings.Builder
	b.WriteString(p.said)
	for _, d := range webhook.Dialects {
		fmt.Fprintf(&b, "\n%s%s: %s\n", section, d, p.told[d].names)
		if p.told[d].body != "" {
			b.WriteString(p.told[d].body + "\n")
		}
	}
	require.NoError(t, os.WriteFile(file, []byte(b.String()), 0o644))
}

func goldenFiles(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/golden/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return files
}

// TestGolden holds each event of testdata/golden against what the dialects make of it:
// which names they have for it, and the message, field for field in its order.
func TestGolden(t *testing.T) {
	t.Parallel()
	for _, file := range goldenFiles(t) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			p := readPair(t, file)
			asTheDomainWritesIt(t, p.event)
			if *update {
				p.told = map[webhook.Dialect]telling{}
				for _, d := range webhook.Dialects {
					p.told[d] = tell(t, d, p.event)
				}
				p.write(t, file)
			}
			require.Len(t, p.told, len(webhook.Dialects))
			for _, d := range webhook.Dialects {
				got := tell(t, d, p.event)
				require.Equal(t, p.told[d].names, got.names, d)
				require.Equal(t, p.told[d].body, got.body, d)
			}
		})
	}
}

// asTheDomainWritesIt holds that an object of the files has the domain's fields and no others.
func asTheDomainWritesIt(t *testing.T, e event.Event) {
	t.Helper()
	kind, _, _ := strings.Cut(string(e.Type), ".")
	object := map[string]any{
		"payment_intent": &payment.Told{}, "refund": &payment.Refund{}, "dispute": &payment.Dispute{}, "webhook_endpoint": &webhook.Endpoint{},
	}[kind]
	require.NotNil(t, object, "type %q", e.Type)
	require.NoError(t, json.Unmarshal(e.Object, object))
	again, err := json.Marshal(object)
	require.NoError(t, err)
	require.JSONEq(t, string(again), string(e.Object))
}

// unspoken are the events that a dialect never has a word for: its façade knows nothing
// of the kind (contracts/).
var unspoken = map[webhook.Dialect][]event.Type{
	webhook.Acquiring: {
		event.PaymentRequiresAction, event.RefundCreated, event.RefundFailed,
		event.DisputeCreated, event.DisputeUpdated, event.DisputeClosed, event.WebhookEndpointDisabled,
	},
	webhook.Connect: {
		event.RefundCreated, event.RefundCompleted, event.RefundFailed,
		event.DisputeCreated, event.DisputeUpdated, event.DisputeClosed, event.WebhookEndpointDisabled,
	},
	webhook.Cashier: {
		event.PaymentCreated, event.PaymentRequiresAction, event.PaymentAuthorized, event.RefundCreated, event.RefundCompleted, event.RefundFailed,
		event.DisputeCreated, event.DisputeUpdated, event.DisputeClosed, event.WebhookEndpointDisabled,
	},
}

// The files hold every type of event, every name of every dialect, and the same events
// as above that have none.
func TestGoldenCoversEverything(t *testing.T) {
	t.Parallel()
	spoken := map[webhook.Dialect]map[event.Type]bool{}
	named := map[webhook.Dialect][]string{}
	types := map[event.Type]bool{}
	for _, d := range webhook.Dialects {
		spoken[d] = map[event.Type]bool{}
	}
	for _, file := range goldenFiles(t) {
		p := readPair(t, file)
		types[p.event.Type] = true
		for d, told := range p.told {
			if told.names != noWord {
				spoken[d][p.event.Type] = true
				named[d] = append(named[d], strings.Split(told.names, ", ")...)
			}
		}
	}
	for _, kind := range append(slices.Clone(event.Types), event.WebhookEndpointTest) {
		require.True(t, types[kind], "no file tells of %s", kind)
		for _, d := range webhook.Dialects {
			require.Equal(t, !slices.Contains(unspoken[d], kind), spoken[d][kind], "%s in %s", kind, d)
		}
	}
	for _, d := range webhook.Dialects {
		for _, name := range d.Types() {
			require.Contains(t, named[d], name, "no file shows it in %s", d)
		}
	}
}
