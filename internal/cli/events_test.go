package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/datadir"
)

// command runs the command line with a hub that runs on a data folder, until ctx ends.
func command(t *testing.T, ctx context.Context, h *eventsHub, args ...string) (out *buffer, done chan error) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	dir := datadir.At(t.TempDir())
	require.NoError(t, dir.WriteInfo(datadir.Info{API: server.URL, Keys: datadir.Keys{SandboxSecret: testKey}}))
	out, done = &buffer{}, make(chan error, 1)
	cmd := root()
	cmd.SetOut(out)
	cmd.SetErr(out)
	cmd.SetArgs(append(args, "--data-dir", dir.Path()))
	go func() { done <- cmd.ExecuteContext(ctx) }()
	return out, done
}

func contains(out *buffer, text string) func() bool {
	return func() bool { return strings.Contains(out.String(), text) }
}

func TestEventsAreTailed(t *testing.T) {
	t.Setenv(keyVariable, "")
	h := &eventsHub{}
	h.commit(eventAt(time.Now().Add(-time.Hour), "payment_intent.canceled"), eventAt(time.Now().Add(-time.Minute), "payment_intent.created"))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, done := command(t, ctx, h, "events", "tail", "--type", "payment_intent.*", "--since", "10m")
	require.Eventually(t, contains(out, "payment_intent.created"), 30*time.Second, 5*time.Millisecond)
	at := time.Now() // of the second event, which is printed
	h.commit(eventAt(at.Add(-time.Millisecond), "refund.created"), eventAt(at, "payment_intent.succeeded"))
	require.Eventually(t, contains(out, "payment_intent.succeeded"), 30*time.Second, 5*time.Millisecond)
	cancel()
	require.NoError(t, <-done, "an interruption is its end")
	require.Contains(t, out.String(), at.Local().Format(time.TimeOnly)+"  payment_intent.succeeded        pi_1  AED 120.00  succeeded\n")
	require.Equal(t, 3, strings.Count(out.String(), "\n"), "and where it waits: %s", out)
	require.NotContains(t, out.String(), testKey)
}

func TestEventsAreTailedAsJSON(t *testing.T) {
	t.Setenv(keyVariable, testKey)
	h := &eventsHub{}
	first := eventAt(time.Now().Add(-time.Minute), "payment_intent.created")
	h.commit(first)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, done := command(t, ctx, h, "events", "tail", "--json", "--since", "1h")
	require.Eventually(t, contains(out, "\n"), 30*time.Second, 5*time.Millisecond)
	cancel()
	require.NoError(t, <-done)
	require.Equal(t, string(first.raw)+"\n", out.String(), "to the byte")
}

// Whatever is in an event, and whoever wrote it there, a terminal gets text; and it is the
// same JSON.
func TestEventsCommandNoTerminal(t *testing.T) {
	t.Parallel()
	const note = "é <&> \u009b31m \u007f \u202e \u2028 \u00a0 \U000e0041 \ufffd \xff \xc2 € 🙂"
	e := eventAt(time.Now(), "payment_intent.created")
	raw := strings.Replace(string(e.raw), "<&>", note, 1)
	require.NoError(t, json.Unmarshal([]byte(raw), &e))
	var out strings.Builder
	require.NoError(t, tail{out: &out, json: true}.print(e))
	require.Contains(t, out.String(), `"é <&> \u009b31m \u007f \u202e \u2028 \u00a0 \udb40\udc41 \ufffd \ufffd \ufffd € 🙂"`)
	require.JSONEq(t, raw, out.String())
	for _, r := range strings.TrimSuffix(out.String(), "\n") {
		require.True(t, unicode.IsPrint(r), "%q", r)
	}

	out.Reset()
	raw = strings.Replace(raw, `"succeeded"`, `"suc\u009bceeded\ud800"`, 1)
	raw = strings.Replace(raw, `"payment_intent.created"`, `"payment_intent.\u001b[2J"`, 1)
	require.NoError(t, json.Unmarshal([]byte(raw), &e))
	require.NoError(t, tail{out: &out}.print(e))
	require.Contains(t, out.String(), "payment_intent.�[2J")
	require.Contains(t, out.String(), "suc�ceeded�\n")
}

// What a hub, or what answers in its place, says is text, too.
func TestRefusalsCommandNoTerminal(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for _, answer := range []string{"503 \x9b2J\x1b[31m", "400 \x9b2J\x1b[31m"} {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = http.ReadRequest(bufio.NewReader(conn))
			body := `{"error":{"message":"\u009b2J\u001b[31m` + "\u009b" + `"}}`
			_, _ = fmt.Fprintf(conn, "HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", answer, len(body), body)
			_ = conn.Close()
		}
	}()
	said := &buffer{}
	client := &hubClient{base: "http://" + listener.Addr().String(), told: said, patience: time.Millisecond, http: &http.Client{Timeout: callTimeout}}
	err = client.get(t.Context(), "/v3/events", nil, &struct{}{})
	require.ErrorContains(t, err, "answered 400 �2J�[31m: �2J�[31m�")
	for _, r := range strings.ReplaceAll(said.String()+err.Error(), "\n", "") {
		require.True(t, unicode.IsPrint(r), "%q", r)
	}
	require.Contains(t, said.String(), "Waiting for the hub: it answered 503 �2J�[31m\n")
}

func TestAHubAndAKeyAreNeeded(t *testing.T) {
	t.Setenv(keyVariable, "")
	server := httptest.NewServer(&eventsHub{})
	t.Cleanup(server.Close)
	dir := datadir.At(t.TempDir())
	run := func(args ...string) error {
		cmd := root()
		cmd.SetOut(&buffer{})
		cmd.SetErr(&buffer{})
		cmd.SetArgs(append(args, "--data-dir", dir.Path()))
		return cmd.ExecuteContext(t.Context())
	}
	require.ErrorContains(t, run("events", "tail"), "there is no dev.json in "+dir.Path())
	require.NoError(t, dir.WriteInfo(datadir.Info{API: "http://127.0.0.1:1", Keys: datadir.Keys{SandboxSecret: testKey}}))

	live, public := "sk_live_0123456789", "pk_sandbox_0123456789"
	for wrong, args := range map[string][]string{
		"a key of " + server.URL + " is needed":         {"events", "tail", "--url", server.URL},
		"events are read with a secret key":             {"events", "tail", "--api-key", public},
		"a live key is sent over HTTPS alone":           {"events", "tail", "--url", "http://pay.example.com", "--api-key", live},
		"--url must be an address":                      {"events", "tail", "--url", "pay.example.com", "--api-key", live},
		"The API key is not valid.":                     {"events", "tail", "--url", server.URL, "--api-key", live},
		`--type "paid" names no event`:                  {"events", "tail", "--type", "paid"},
		"--since must be 0 to 720h":                     {"events", "tail", "--since", "721h"},
		"only sandbox events are forwarded":             {"listen", "--forward-to", "http://localhost:1", "--url", "https://pay.example.com", "--api-key", live},
		"--forward-to must be an address":               {"listen", "--forward-to", "localhost:3000"},
		"--dialect must be one of":                      {"listen", "--forward-to", "http://localhost:1", "--dialect", "stripe"},
		`--events "payment.captured" names no event`:    {"listen", "--forward-to", "http://localhost:1", "--events", "payment.captured"},
		"--secret must be whsec_ and 24 to 64 bytes in": {"listen", "--forward-to", "http://localhost:1", "--secret", "whsec_short"},
	} {
		err := run(args...)
		require.ErrorContains(t, err, wrong)
		require.NotContains(t, err.Error(), live)
		require.NotContains(t, err.Error(), testKey)
		require.NotContains(t, err.Error(), "whsec_short")
	}
}
