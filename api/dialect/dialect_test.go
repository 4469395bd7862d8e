package dialect_test

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"paymenthub/api/dialect"
	"paymenthub/api/hub"
	"paymenthub/internal/webhook"
)

const paid = "testdata/golden/payment_succeeded_hosted.txt"

func TestTheSameEventGivesTheSameBytes(t *testing.T) {
	t.Parallel()
	for _, file := range goldenFiles(t) {
		e := readPair(t, file).event
		for _, d := range webhook.Dialects {
			names := d.Names(e)
			if len(names) == 0 {
				continue
			}
			first, err := dialect.Renderer{}.Render(d, names[0], e)
			require.NoError(t, err)
			for range 10 {
				again, err := dialect.Renderer{}.Render(d, names[0], e)
				require.NoError(t, err)
				require.Equal(t, string(first), string(again))
			}
		}
	}
}

// A payment that was asked for under both names is told by the one that the endpoint asked for.
func TestAMessageHasTheNameThatTheEndpointAsksFor(t *testing.T) {
	t.Parallel()
	e := readPair(t, paid).event
	for _, name := range webhook.Acquiring.Names(e) {
		body, err := dialect.Renderer{}.Render(webhook.Acquiring, name, e)
		require.NoError(t, err)
		var told struct {
			Type string `json:"type"`
		}
		require.NoError(t, json.Unmarshal(body, &told))
		require.Equal(t, name, told.Type)
	}
}

// Byte for byte what GET /v3/events/{id} answers with.
func TestTheHubsMessageIsTheEventOfItsAPI(t *testing.T) {
	t.Parallel()
	for _, file := range goldenFiles(t) {
		e := readPair(t, file).event
		answered := httptest.NewRecorder()
		c, _ := gin.CreateTestContext(answered)
		hub.Answer(func(*gin.Context) (any, error) { return hub.Event(e) })(c)
		got, err := dialect.Renderer{}.Render(webhook.Hub, string(e.Type), e)
		require.NoError(t, err)
		require.Equal(t, answered.Body.String(), string(got), file)
	}
}

func TestTextIsSentAsItIs(t *testing.T) {
	t.Parallel()
	e := readPair(t, "testdata/golden/payment_succeeded_unicode.txt").event
	for _, d := range []webhook.Dialect{webhook.Hub, webhook.Acquiring} {
		body, err := dialect.Renderer{}.Render(d, d.Names(e)[0], e)
		require.NoError(t, err)
		for _, text := range []string{"Zoë & Søn <Ñandú>", "注文 №7", "🧾"} {
			require.Contains(t, string(body), text)
		}
	}
}

func TestWhatADialectHasNoWordForIsNotRendered(t *testing.T) {
	t.Parallel()
	for _, file := range goldenFiles(t) {
		e := readPair(t, file).event
		for d, kinds := range unspoken {
			for _, kind := range kinds {
				if kind != e.Type {
					continue
				}
				_, err := dialect.Renderer{}.Render(d, string(kind), e)
				require.ErrorContains(t, err, "has no word for the event")
			}
		}
	}
	_, err := dialect.Renderer{}.Render("fax", "payment_intent.succeeded", readPair(t, paid).event)
	require.ErrorContains(t, err, "no such dialect")
}

func TestAnUnreadableObjectIsAnErrorThatQuotesNothing(t *testing.T) {
	t.Parallel()
	e := readPair(t, paid).event
	e.Object = json.RawMessage(`{"id":"pi_1","amount":"a shopper's own words"}`)
	for _, d := range webhook.Dialects {
		_, err := dialect.Renderer{}.Render(d, "payment_intent.succeeded", e)
		require.Error(t, err, d)
		require.False(t, strings.Contains(err.Error(), "words"), err)
	}
}

func BenchmarkRender(b *testing.B) {
	e := readPair(b, paid).event
	for _, d := range webhook.Dialects {
		name := d.Names(e)[0]
		b.Run(string(d), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := (dialect.Renderer{}).Render(d, name, e); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
