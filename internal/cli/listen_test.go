package cli

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"paymenthub/internal/webhook"
)

// message is what a receiver got.
type message struct {
	header http.Header
	body   string
}

// receiver takes webhooks as a developer's server does.
type receiver struct {
	mu     sync.Mutex
	got    []message
	answer func(w http.ResponseWriter, n int) // to the n-th message, from 1
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, _ := io.ReadAll(request.Body)
	r.mu.Lock()
	r.got = append(r.got, message{request.Header, string(body)})
	n := len(r.got)
	r.mu.Unlock()
	if r.answer != nil {
		r.answer(w, n)
	}
}

func (r *receiver) messages() []message {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]message(nil), r.got...)
}

func (r *receiver) start(t *testing.T) (address string) {
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	return server.URL + "/webhooks"
}

func TestListenForwardsAndSigns(t *testing.T) {
	t.Setenv(keyVariable, "")
	h, r := &eventsHub{}, &receiver{}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, done := command(t, ctx, h, "listen", "--forward-to", r.start(t), "--events", "payment_intent.*")
	require.Eventually(t, contains(out, "whsec_"), 30*time.Second, 5*time.Millisecond)
	at := time.Now()
	created, other, paid := eventAt(at, "payment_intent.created"), eventAt(at.Add(time.Millisecond), "refund.created"), eventAt(at.Add(2*time.Millisecond), "payment_intent.succeeded")
	h.commit(created, other, paid)
	require.Eventually(t, contains(out, paid.ID), 30*time.Second, 5*time.Millisecond)
	cancel()
	require.NoError(t, <-done)

	secret := regexp.MustCompile(`whsec_\S+`).FindString(out.String())
	require.Equal(t, 1, strings.Count(out.String(), "whsec_"), "told once")
	require.NotContains(t, out.String(), testKey)
	require.Regexp(t, `payment_intent\.created\s+`+created.ID+`  200 OK in \d+`, out.String())
	require.True(t, strings.HasSuffix(out.String(), "\n2 forwarded: 2 taken, 0 not.\n"), out)

	got := r.messages()
	require.Len(t, got, 2, "not what was not asked for")
	verifier, err := standard.NewWebhook(secret)
	require.NoError(t, err)
	for i, want := range []publicEvent{created, paid} {
		require.Equal(t, string(want.raw), got[i].body)
		require.Equal(t, "application/json", got[i].header.Get("Content-Type"))
		require.Equal(t, "PaymentHub-Webhooks/1.0", got[i].header.Get("User-Agent"))
		require.Empty(t, got[i].header.Values("Accept-Encoding"))
		require.Equal(t, want.ID, got[i].header.Get("webhook-id"))
		require.NoError(t, verifier.Verify([]byte(got[i].body), got[i].header))
		timestamp, sum, ok := strings.Cut(strings.TrimPrefix(got[i].header.Get("X-AMICA-Signature"), "t="), ",v1=")
		require.True(t, ok)
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(timestamp + "." + got[i].body))
		require.Equal(t, hex.EncodeToString(mac.Sum(nil)), sum)
	}
}

func TestListenSpeaksOtherDialects(t *testing.T) {
	t.Setenv(keyVariable, "")
	h := &eventsHub{words: map[string]map[webhook.Dialect]string{
		"payment_intent.created": {}, "payment_intent.succeeded": {webhook.Acquiring: "payment_intent.succeeded payment.captured"}, "refund.completed": {webhook.Acquiring: "payment.refunded"},
	}}
	r := &receiver{}
	secret := webhook.NewSecret().Reveal()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, done := command(t, ctx, h, "listen", "--forward-to", r.start(t), "--dialect", "acquiring", "--events", "payment.cap*,webhook_endpoint.test,payment.captured", "--secret", secret)
	require.Eventually(t, contains(out, "in the words of acquiring"), 30*time.Second, 5*time.Millisecond)
	at := time.Now()
	paid := eventAt(at.Add(2*time.Millisecond), "payment_intent.succeeded")
	h.commit(eventAt(at, "payment_intent.created"), eventAt(at.Add(time.Millisecond), "refund.completed"), paid)
	require.Eventually(t, contains(out, paid.ID), 30*time.Second, 5*time.Millisecond)
	cancel()
	require.NoError(t, <-done)
	got := r.messages()
	require.Len(t, got, 1)
	require.Regexp(t, `^t=\d+,v1=[0-9a-f]{64}$`, got[0].header.Get("X-Webhook-Signature"))
	require.Contains(t, out.String(), "  payment.captured ")
	require.NotContains(t, out.String(), secret, "whoever gave it knows it")
	require.Contains(t, out.String(), "1 forwarded: 1 taken, 0 not.")
}

// A receiver that refuses, redirects, hangs up or takes its time loses nothing but what
// it did not take.
func TestListenGoesOnWithADifficultReceiver(t *testing.T) {
	t.Setenv(keyVariable, "")
	h := &eventsHub{}
	var all []publicEvent
	for i := range 6 {
		all = append(all, eventAt(time.Now().Add(time.Duration(i)*time.Millisecond), "payment_intent.created"))
	}
	r := &receiver{}
	r.answer = func(w http.ResponseWriter, n int) {
		switch n {
		case 1: // more happens while it thinks
			h.commit(all[3:]...)
			time.Sleep(300 * time.Millisecond)
		case 2:
			w.WriteHeader(http.StatusInternalServerError)
		case 3:
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(http.StatusFound)
		case 4:
			panic(http.ErrAbortHandler)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, done := command(t, ctx, h, "listen", "--forward-to", r.start(t))
	require.Eventually(t, contains(out, "whsec_"), 30*time.Second, 5*time.Millisecond)
	h.commit(all[:3]...)
	require.Eventually(t, contains(out, all[5].ID), 30*time.Second, 5*time.Millisecond)
	cancel()
	require.NoError(t, <-done)
	var order []string
	for _, m := range r.messages() {
		order = append(order, m.header.Get("webhook-id"))
	}
	require.Equal(t, idsOf(all...), order)
	for i, want := range []string{"200 OK", "500 Internal Server Error", "302 Found", "no answer: EOF", "200 OK", "200 OK"} {
		require.Contains(t, out.String(), all[i].ID+"  "+want+" in ")
	}
	require.Contains(t, out.String(), "6 forwarded: 3 taken, 3 not.")
}
