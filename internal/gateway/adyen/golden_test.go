package adyen_test

import (
	"bytes"
	"context"
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
	"paymenthub/internal/gateway/adyen"
	"paymenthub/internal/vault"
)

var update = flag.Bool("update", false, "write what the adapter sends and reads into testdata/golden")

const golden = "testdata/golden"

// What stands in the files for the card and the API key.
const (
	goldenNumber, goldenCVC, goldenKey = "4242424242424242", "917", "the API key"
	numberWord, cvcWord                = "CARD NUMBER", "SECURITY CODE"
)

// asked is <case>.hub.json: what the hub asks of the adapter; one of them.
type asked struct {
	Authorize *gateway.Authorization `json:"authorize"`
	Complete  *gateway.Completion    `json:"complete"`
	Capture   *gateway.Call          `json:"capture"`
	Void      *gateway.Call          `json:"void"`
	Refund    *gateway.Refund        `json:"refund"`
}

// goldenCard hands out the card that the files do not show.
type goldenCard struct{}

func (goldenCard) Open(context.Context) (vault.Card, error) {
	return vault.Card{Number: goldenNumber, CVC: goldenCVC, ExpMonth: 3, ExpYear: 2030, HolderName: "Ada Lovelace"}, nil
}

func (a asked) of(t *testing.T, g *adyen.Adapter) any {
	switch {
	case a.Authorize != nil:
		a.Authorize.Instrument = goldenCard{}
		return g.Authorize(t.Context(), *a.Authorize)
	case a.Complete != nil:
		return g.Complete(t.Context(), *a.Complete)
	case a.Capture != nil:
		return g.Capture(t.Context(), *a.Capture)
	case a.Void != nil:
		return g.Void(t.Context(), *a.Void)
	default:
		return g.Refund(t.Context(), *a.Refund)
	}
}

// sent is <case>.request.json: what Adyen is sent.
type sent struct {
	Method  string            `json:"method"`
	Path    string            `json:"path"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body,omitempty"`
}

// answered is <case>.response.json: what Adyen answers, as its reference documents it.
type answered struct {
	Status int             `json:"status"`
	Body   json.RawMessage `json:"body"`
}

// TestGolden holds each pair of ours and Adyen's against the adapter: what the hub
// asks (hub) is what Adyen is sent (request), and what Adyen answers (response) is
// what the hub is told (outcome).
func TestGolden(t *testing.T) {
	for _, name := range cases(t, "hub") {
		t.Run(name, func(t *testing.T) {
			var ask asked
			var answer answered
			require.True(t, read(t, name+".hub", &ask))
			require.True(t, read(t, name+".response", &answer))
			var got sent
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				got = sentBy(t, r)
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(answer.Status)
				_, _ = w.Write(answer.Body)
			}))
			defer server.Close()
			outcome := ask.of(t, newAdapter(t, server.URL, nil, func(o *adyen.Options) {
				o.APIKey, o.MerchantAccount = goldenKey, "ShopNL"
			}))
			compare(t, name+".request", got)
			compare(t, name+".outcome", outcome)
		})
	}
}

// TestGoldenWebhooks holds what Adyen tells (webhook) against what the hub hears
// (notice), and against what it concludes (outcome) of one of its calls (lookup).
func TestGoldenWebhooks(t *testing.T) {
	for _, name := range cases(t, "webhook") {
		t.Run(name, func(t *testing.T) {
			body, err := os.ReadFile(filepath.Join(golden, name+".webhook.json"))
			require.NoError(t, err)
			body = signed(t, body, credentials["hmac_key"])
			adapter := newAdapter(t, "", nil, func(o *adyen.Options) { o.MerchantAccount = "ShopNL" })
			notice, err := adapter.ReadNotification(nil, body, time.Now())
			require.NoError(t, err)
			compare(t, name+".notice", notice)
			var lookup gateway.Lookup
			if read(t, name+".lookup", &lookup) {
				compare(t, name+".outcome", adapter.Conclude(body, lookup))
				return
			}
			report, err := adapter.DisputeTold(notice.DisputeReference, [][]byte{body})
			require.NoError(t, err)
			compare(t, name+".report", report)
		})
	}
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

// sentBy is a request without the card.
func sentBy(t *testing.T, r *http.Request) sent {
	body, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	body = bytes.ReplaceAll(body, []byte(`"`+goldenNumber+`"`), []byte(`"`+numberWord+`"`))
	body = bytes.ReplaceAll(body, []byte(`"`+goldenCVC+`"`), []byte(`"`+cvcWord+`"`))
	s := sent{Method: r.Method, Path: r.URL.RequestURI(), Headers: map[string]string{}, Body: bytes.TrimSpace(body)}
	for _, name := range []string{"X-Api-Key", "Idempotency-Key", "Content-Type"} {
		if value := r.Header.Get(name); value != "" {
			s.Headers[name] = value
		}
	}
	return s
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
	require.NotContains(t, string(text), goldenNumber)
	file := filepath.Join(golden, name+".json")
	if *update {
		require.NoError(t, os.WriteFile(file, append(text, '\n'), 0o600))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.JSONEq(t, string(want), string(text), name)
}
