package e2e

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	headerToken  = "tok-3Zk9vQ-of-the-shops-own-gateway"
	replacedBy   = "tok-8Wp2xL-that-came-after-it"
	echoedNumber = secretNumber
)

// gossipy is a receiver that answers with all that it was sent and all of its settings, as
// the error pages of many frameworks do, and with a card number of its own.
func gossipy(t *testing.T, settings func() string) *httptest.Server {
	t.Helper()
	n := echoedNumber
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		_, _ = io.Copy(io.Discard, req.Body)
		w.Header().Set("X-Token-Was", req.Header.Get("X-Shop-Token"))
		w.Header().Set("X-Authorization-Was", strings.TrimPrefix(req.Header.Get("Authorization"), "Bearer "))
		w.Header().Set("X-Card", "the card "+n)
		w.Header().Set("Set-Cookie", "card="+n)
		w.Header().Set("X-"+n, "its name")
		w.Header().Set("Retry-After", n)
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprintf(w, "<h1>%s</h1>%v\n<pre>WEBHOOK_SECRET=%s</pre>", marker, req.Header, settings())
		fmt.Fprintf(w, `{"card":"%s","number":%s,"grouped":"%s %s %s %s","dashed":"%[3]s-%[4]s-%[5]s-%[6]s","sql":"INSERT INTO cards VALUES ('%[1]s')"}`, n, n, n[:4], n[4:8], n[8:12], n[12:])
		fmt.Fprint(w, strings.Repeat("x", 4096-2000), n, strings.Repeat(" "+n, 300)) // one of them is at the end of what is kept
	}))
	t.Cleanup(server.Close)
	return server
}

func TestNobodySeesWhatWebhooksAreSignedWith(t *testing.T) {
	onOwn(t, []string{"PAYMENTHUB_LOG_LEVEL=debug"}, func(t *testing.T, h *hub) {
		g := gossip{client{h.API, h.Keys.SandboxSecret}, finds{}}
		made, secrets := tellWithSecrets(t, h, g)
		needles := spellings(echoedNumber)
		for _, text := range append(secrets, headerToken, replacedBy) {
			needles = append(needles, textSpellings(text)...)
		}
		readAboutWebhooks(t, g, made)
		g.told.metrics(t, h)
		g.told.temporal(t, h)
		if h.databaseURL != "" {
			g.told.postgres(t, h.databaseURL)
		}
		g.told.files(t, h.dir.Path())
		g.told.files(t, h.logs)
		require.NotEmpty(t, g.told.lookFor([]string{marker}), "the search sees nothing")
		require.Empty(t, g.told.lookFor(needles))

		require.NoError(t, h.retire())
		after := finds{}
		after.files(t, h.dir.Path())
		after.files(t, h.logs)
		require.Empty(t, after.lookFor(needles))
	})
}

// tellWithSecrets has an endpoint with secrets told in vain, in every way, and returns it
// with all the secrets that it had.
func tellWithSecrets(t *testing.T, h *hub, g gossip) (made endpoint, secrets []string) {
	t.Helper()
	silent := g.client // the answers to these are the two that show a secret
	var shown atomic.Value
	shown.Store("none yet")
	body := object{
		"url": gossipy(t, func() string { return shown.Load().(string) }).URL + "/hook", "event_types": []string{"*"}, "description": marker,
		"headers": object{"X-Shop-Token": headerToken, "Authorization": "Bearer " + headerToken},
	}
	for range 2 { // the second is a replay
		made = read[endpoint](t, silent.post(t, webhookEndpoints, body, idempotent("made")), http.StatusOK)
		secrets = append(secrets, made.Secret)
	}
	path := webhookEndpoints + "/" + made.ID
	for range 2 {
		rotated := read[endpoint](t, silent.post(t, path+"/rotate_secret", object{}, idempotent("rotated")), http.StatusOK)
		secrets = append(secrets, rotated.Secret)
	}
	require.NotEqual(t, secrets[0], secrets[2])
	shown.Store(secrets[0] + ";" + secrets[2])
	g.call(t, http.MethodPost, path+"/rotate_secret", object{}).failure(t, http.StatusConflict, "invalid_state")

	p := g.call(t, http.MethodPost, intents, order()).intent(t)
	await(t, deliverLimit, "the endpoint has failed", func() bool {
		return len(silent.deliveriesOf(t, path+"/deliveries?status=retrying")) == 1
	})
	g.call(t, http.MethodPost, path+"/test", nil)
	d := silent.deliveriesOf(t, path+"/deliveries?status=retrying")[0]
	g.call(t, http.MethodPost, webhookDeliveries+"/"+d.ID+"/redeliver", nil, idempotent("again"))
	changed := object{"headers": object{"X-Shop-Token": replacedBy, "authorization": "Bearer " + replacedBy}}
	g.call(t, http.MethodPost, path, changed)
	g.call(t, http.MethodPost, path, object{"headers": object{"X-Bad\r\n": headerToken}})
	g.call(t, http.MethodPost, path, object{"headers": object{"X-Bad": headerToken + "\n"}})
	g.call(t, http.MethodPost, path, object{"headers": object{"X-Card": echoedNumber}})
	g.call(t, http.MethodPost, path+"/test", nil)
	g.call(t, http.MethodPost, intents+"/"+p.ID+"/cancel", nil)
	history := history(t, h.temporal(t), "webhook/"+d.ID+"/1", "")
	require.NotEmpty(t, history, "retries are a workflow")
	return made, secrets
}

// readAboutWebhooks asks for all that the hub shows of an endpoint.
func readAboutWebhooks(t *testing.T, g gossip, e endpoint) {
	t.Helper()
	path := webhookEndpoints + "/" + e.ID
	for _, one := range []string{
		webhookEndpoints, path, path + "/deliveries?limit=100", path + "/activity", path + "/replays", notices, events + "?limit=100",
	} {
		g.call(t, http.MethodGet, one, nil)
	}
	console := "/console/webhooks"
	pages := []string{console, console + "/new", console + "/endpoints/" + e.ID}
	for _, action := range []string{"edit", "redeliver", "rotate", "delete"} {
		pages = append(pages, console+"/endpoints/"+e.ID+"/"+action)
	}
	for _, d := range g.deliveriesOf(t, path+"/deliveries?limit=100") {
		a := g.call(t, http.MethodGet, webhookDeliveries+"/"+d.ID, nil)
		if d.Type == "payment_intent.created" {
			require.Contains(t, string(a.raw), marker, "the answer is kept")
		}
		g.call(t, http.MethodGet, events+"/"+d.EventID+"/deliveries", nil)
		pages = append(pages, console+"/deliveries/"+d.ID)
	}
	for _, page := range pages {
		res, err := web.Get(g.api + page)
		require.NoError(t, err)
		raw, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, http.StatusOK, res.StatusCode, "%s: %s", page, raw)
		g.told["page "+page] = fmt.Appendf(nil, "%v\n%s", res.Header, raw)
	}
}

// textSpellings are the ways in which a secret may have been written down.
func textSpellings(text string) []string {
	all := []string{text, url.QueryEscape(text), hex.EncodeToString([]byte(text))}
	if encoded, isSecret := strings.CutPrefix(text, "whsec_"); isSecret {
		all = append(all, encoded, strings.NewReplacer("+", `\u002b`, "/", `\/`).Replace(encoded))
		if raw, err := base64.StdEncoding.DecodeString(encoded); err == nil {
			all = append(all, string(raw), hex.EncodeToString(raw))
		}
	}
	for shift := range 3 { // base64, wherever in a text it begins
		encoded := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("x", shift) + text))
		all = append(all, encoded[(shift*8+5)/6:(shift+len(text))*8/6])
	}
	return all
}
