package mollie_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/gateway"
	"paymenthub/internal/gateway/mollie"
)

var update = flag.Bool("update", false, "write what the adapter sends and reads into testdata/golden")

const golden = "testdata/golden"

// asked is <case>.hub.json: what the hub asks of the adapter; one of them.
type asked struct {
	Authorize *gateway.Authorization `json:"authorize"`
	Void      *gateway.Call          `json:"void"`
	Refund    *gateway.Refund        `json:"refund"`
	Lookup    *gateway.Lookup        `json:"look_up"`
	Dispute   *gateway.DisputeLookup `json:"dispute"`
}

func (a asked) of(t *testing.T, g gateway.Gateway) any {
	switch {
	case a.Authorize != nil:
		return g.Authorize(t.Context(), *a.Authorize)
	case a.Void != nil:
		return g.Void(t.Context(), *a.Void)
	case a.Refund != nil:
		return g.Refund(t.Context(), *a.Refund)
	case a.Lookup != nil:
		return g.Lookup(t.Context(), *a.Lookup)
	default:
		report, err := g.Dispute(t.Context(), *a.Dispute)
		require.NoError(t, err)
		return report
	}
}

// sent is <case>.request.json: what Mollie is sent.
type sent struct {
	Method  string            `json:"method"`
	Path    string            `json:"path"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body,omitempty"`
}

// answered is <case>.response.json: what Mollie answers, as its reference documents it.
type answered struct {
	Status int             `json:"status"`
	Body   json.RawMessage `json:"body"`
}

// TestGolden holds each pair of ours and Mollie's against the adapter: what the hub
// asks (hub) is what Mollie is sent (request), and what Mollie answers (response) is
// what the hub is told (outcome).
func TestGolden(t *testing.T) {
	cases, err := filepath.Glob(filepath.Join(golden, "*.hub.json"))
	require.NoError(t, err)
	require.NotEmpty(t, cases)
	for _, file := range cases {
		name := strings.TrimSuffix(filepath.Base(file), ".hub.json")
		t.Run(name, func(t *testing.T) {
			var ask asked
			var answer answered
			read(t, name+".hub", &ask)
			read(t, name+".response", &answer)
			var got sent
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				got = sentBy(t, r)
				w.Header().Set("Content-Type", "application/hal+json")
				w.WriteHeader(answer.Status)
				_, _ = w.Write(answer.Body)
			}))
			defer server.Close()
			outcome := ask.of(t, adapter(t, server.URL, func(o *mollie.Options) { o.APIKey = "live_of_the_profile" }))
			compare(t, name+".request", got)
			compare(t, name+".outcome", outcome)
		})
	}
}

// TestGoldenWebhooks holds what Mollie tells (webhook) against what the hub hears
// (notice).
func TestGoldenWebhooks(t *testing.T) {
	cases, err := filepath.Glob(filepath.Join(golden, "*.webhook.json"))
	require.NoError(t, err)
	require.NotEmpty(t, cases)
	for _, file := range cases {
		name := strings.TrimSuffix(filepath.Base(file), ".webhook.json")
		t.Run(name, func(t *testing.T) {
			body, err := os.ReadFile(file)
			require.NoError(t, err)
			notice, err := listening(t, "secret").ReadNotification(signed(body, "secret"), body, time.Now())
			require.NoError(t, err)
			compare(t, name+".notice", notice)
		})
	}
}

func sentBy(t *testing.T, r *http.Request) sent {
	body, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	s := sent{Method: r.Method, Path: r.URL.RequestURI(), Headers: map[string]string{}, Body: bytes.TrimSpace(body)}
	for _, name := range []string{"Authorization", "Idempotency-Key", "Content-Type"} {
		if value := r.Header.Get(name); value != "" {
			s.Headers[name] = value
		}
	}
	return s
}

func read(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(golden, name+".json"))
	require.NoError(t, err)
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(into), name)
}

func compare(t *testing.T, name string, got any) {
	t.Helper()
	text, err := json.MarshalIndent(got, "", "  ")
	require.NoError(t, err)
	file := filepath.Join(golden, name+".json")
	if *update {
		require.NoError(t, os.WriteFile(file, append(text, '\n'), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.JSONEq(t, string(want), string(text), name)
}
