package simulator

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// outbox is one with a fixed number of deliveries.
type outbox struct{ pending int64 }

func (o *outbox) Pending(context.Context) (int64, error) { return o.pending, nil }

func (o *outbox) Flush(context.Context) error {
	o.pending = 0
	return nil
}

func TestWebhooksEndpoint(t *testing.T) {
	mux := http.NewServeMux()
	NewWebhookFaults().Register(mux, &outbox{pending: 3})
	call := serve(t, mux)
	for body, field := range map[string]string{
		`{"duplicate_percent":101}`: "duplicate_percent",
		`{"delay_percent":-1}`:      "delay_percent",
		`{"drop_percent":"all"}`:    "drop_percent",
		`{"drop_percent":1.5}`:      "drop_percent",
		`{"delay_ms":60001}`:        "delay_ms",
		`{"seed":"seven"}`:          "seed",
		`{"lose_percent":10}`:       "lose_percent",
	} {
		status, text := call(http.MethodPost, "/_sim/webhooks", body)
		require.Equal(t, http.StatusBadRequest, status, body)
		require.Contains(t, text, `"field":"`+field+`"`, body)
	}
	status, _ := call(http.MethodPost, "/_sim/webhooks", `[]`)
	require.Equal(t, http.StatusBadRequest, status)
	_, text := call(http.MethodGet, "/_sim/webhooks", "")
	require.JSONEq(t, `{"seed":0,"duplicate_percent":0,"delay_percent":0,"delay_ms":0,"drop_percent":0,"pending":3}`, text)

	const set = `{"seed":7,"duplicate_percent":20,"delay_percent":30,"delay_ms":1500,"drop_percent":0,"pending":3}`
	status, text = call(http.MethodPost, "/_sim/webhooks", `{"seed":7,"duplicate_percent":20,"delay_percent":30,"delay_ms":1500}`)
	require.Equal(t, http.StatusOK, status)
	require.JSONEq(t, set, text)
	_, text = call(http.MethodGet, "/_sim/webhooks", "")
	require.JSONEq(t, set, text)
	status, text = call(http.MethodPost, "/_sim/webhooks/flush", "")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, text, `"pending":0`)
	status, _ = call(http.MethodDelete, "/_sim/webhooks", "")
	require.Equal(t, http.StatusNoContent, status)
	_, text = call(http.MethodGet, "/_sim/webhooks", "")
	require.JSONEq(t, `{"seed":0,"duplicate_percent":0,"delay_percent":0,"delay_ms":0,"drop_percent":0,"pending":0}`, text)
}

func TestFatesFollowTheSeedAndTheShares(t *testing.T) {
	const n = 10_000
	fates := func(setting WebhookSetting) []Fate {
		f := NewWebhookFaults()
		require.NoError(t, f.Set(setting))
		made := make([]Fate, n)
		for i := range made {
			made[i] = f.Next()
		}
		return made
	}
	setting := WebhookSetting{Seed: 7, DuplicatePercent: 20, DelayPercent: 30, DelayMS: 1500, DropPercent: 10}
	first := fates(setting)
	require.Equal(t, first, fates(setting))
	setting.DuplicatePercent = 0
	alone := fates(setting)
	var again, late, dropped int
	for i, fate := range first {
		require.Equal(t, fate.Drop, alone[i].Drop, "one share does not change what another hits")
		require.LessOrEqual(t, fate.Again, time.Second)
		if fate.Again > 0 {
			again++
		}
		if fate.Delay > 0 {
			require.Equal(t, 1500*time.Millisecond, fate.Delay)
			late++
		}
		if fate.Drop {
			dropped++
		}
	}
	require.InDelta(t, 0.20*n, again, 0.02*n)
	require.InDelta(t, 0.30*n, late, 0.02*n)
	require.InDelta(t, 0.10*n, dropped, 0.02*n)
	setting.Seed = 8
	require.NotEqual(t, first, fates(setting))
	for _, fate := range fates(WebhookSetting{DelayMS: 1500}) {
		require.Zero(t, fate)
	}
}
