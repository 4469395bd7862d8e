package paypal_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/gateway"
	"paymenthub/internal/gateway/paypal"
)

var update = flag.Bool("update", false, "write what the adapter sends and reads into testdata/golden")

const golden = "testdata/golden"

// asked is <case>.hub.json: what the hub asks of the adapter; one of them.
type asked struct {
	Authorize *gateway.Authorization `json:"authorize"`
	Complete  *gateway.Completion    `json:"complete"`
	Capture   *gateway.Call          `json:"capture"`
	Void      *gateway.Call          `json:"void"`
	Refund    *gateway.Refund        `json:"refund"`
	Lookup    *gateway.Lookup        `json:"lookup"`
	Dispute   *gateway.DisputeLookup `json:"dispute"`
}

func (a asked) of(t *testing.T, g *paypal.Adapter) any {
	switch {
	case a.Authorize != nil:
		return g.Authorize(t.Context(), *a.Authorize)
	case a.Complete != nil:
		return g.Complete(t.Context(), *a.Complete)
	case a.Capture != nil:
		return g.Capture(t.Context(), *a.Capture)
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

// sent is a request in <case>.request.json, one after the other.
type sent struct {
	Method  string            `json:"method"`
	Path    string            `json:"path"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body,omitempty"`
}

// answered is an answer in <case>.response.json, as PayPal's reference documents it,
// one for each request.
type answered struct {
	Status int             `json:"status"`
	Body   json.RawMessage `json:"body,omitempty"`
}

// TestGolden holds each pair of ours and PayPal's against the adapter: what the hub
// asks (hub) is what PayPal is sent (request), and what PayPal answers (response) is
// what the hub is told (outcome).
func TestGolden(t *testing.T) {
	for _, name := range cases(t, "hub") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var ask asked
			var answers []answered
			require.True(t, read(t, name+".hub", &ask))
			require.True(t, read(t, name+".response", &answers))
			server := newStage(t, answers...)
			outcome := ask.of(t, newAdapter(t, server.URL, account, nil))
			compare(t, name+".request", server.requests)
			compare(t, name+".outcome", outcome)
		})
	}
}

// TestGoldenWebhooks holds what PayPal tells (webhook) against what the hub hears
// (notice), and against what it concludes (outcome) of one of its calls (lookup).
func TestGoldenWebhooks(t *testing.T) {
	for _, name := range cases(t, "webhook") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body, err := os.ReadFile(filepath.Join(golden, name+".webhook.json"))
			require.NoError(t, err)
			var answers []answered
			read(t, name+".response", &answers)
			server := newStage(t, answers...)
			adapter := newAdapter(t, server.URL, account, nil)
			notice, err := adapter.ReadNotification(server.sign(t, body, time.Now()), body, time.Now())
			require.NoError(t, err)
			compare(t, name+".notice", notice)
			var lookup gateway.Lookup
			if read(t, name+".lookup", &lookup) {
				compare(t, name+".outcome", adapter.Conclude(body, lookup))
			}
			require.Len(t, server.requests, len(answers))
		})
	}
}

// stage answers as it was told to, gives out access tokens and has a certificate.
type stage struct {
	*httptest.Server
	*signatory
	requests []sent
}

func newStage(t *testing.T, answers ...answered) *stage {
	t.Helper()
	s := &stage{signatory: newSignatory(t)}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/oauth2/token", func(w http.ResponseWriter, r *http.Request) {
		id, secret, _ := r.BasicAuth()
		require.Equal(t, account["client_id"], id)
		require.Equal(t, account["client_secret"], secret)
		_, _ = io.WriteString(w, `{"access_token":"A21-golden","token_type":"Bearer","expires_in":32400}`)
	})
	mux.HandleFunc("GET /v1/notifications/certs/CERT-golden", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(s.certificate) })
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		require.Less(t, len(s.requests), len(answers), "%s %s", r.Method, r.URL)
		answer := answers[len(s.requests)]
		s.requests = append(s.requests, sentBy(t, r))
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(answer.Status)
		_, _ = w.Write(answer.Body)
	})
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func sentBy(t *testing.T, r *http.Request) sent {
	body, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	s := sent{Method: r.Method, Path: r.URL.RequestURI(), Headers: map[string]string{}, Body: bytes.TrimSpace(body)}
	for _, name := range []string{"Authorization", "PayPal-Request-Id", "Prefer", "Content-Type"} {
		if value := r.Header.Get(name); value != "" {
			s.Headers[name] = value
		}
	}
	return s
}

func cases(t *testing.T, kind string) (names []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(golden, "*."+kind+".json"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(file), "."+kind+".json"))
	}
	return names
}

// read reports whether there is such a file.
func read(t *testing.T, name string, into any) bool {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(golden, name+".json"))
	if errors.Is(err, fs.ErrNotExist) {
		return false
	}
	require.NoError(t, err)
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(into), name)
	return true
}

func compare(t *testing.T, name string, got any) {
	t.Helper()
	text, err := json.MarshalIndent(got, "", "  ")
	require.NoError(t, err)
	file := filepath.Join(golden, name+".json")
	if *update {
		require.NoError(t, os.WriteFile(file, append(text, '\n'), 0o600))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.JSONEq(t, string(want), string(text), name)
}
