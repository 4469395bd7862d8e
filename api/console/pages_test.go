package console_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/api/console"
	"paymenthub/internal/clock"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/webhook"
)

func TestAnEmptyPageSaysWhatToDo(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	w := d.get(root)
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	require.Contains(t, w.Body.String(), "No endpoint yet")
	require.Contains(t, w.Body.String(), "curl http://127.0.0.1:8080/v3/webhook_endpoints")
	require.Contains(t, w.Body.String(), `href="/console/webhooks/new"`)

	past := d.send(1, d.add(1, nil), webhook.Canceled, nil)
	d.endpoints = nil
	page := d.get(root).Body.String()
	require.Contains(t, page, "No endpoint yet")
	require.Contains(t, page, "row-"+past.ID, "deliveries outlive their endpoint")
}

func TestEndpointsAreShownWithTheirHealth(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	e := d.add(1, func(e *webhook.Endpoint) { e.Description = "<b>Order</b> service" })
	d.add(2, func(e *webhook.Endpoint) { e.Disabled, e.DisabledAt = webhook.Gone, now.Add(-time.Hour) })
	d.add(3, func(e *webhook.Endpoint) {
		e.EventTypes = []string{"dispute.created", "dispute.closed", "refund.failed", "refund.completed"}
		e.Health = webhook.Health{FailingSince: now.Add(-time.Hour), Failures: 9, PausedUntil: now.Add(time.Minute)}
	})
	d.add(4, func(e *webhook.Endpoint) { e.Scope = live })
	d.buckets = []webhook.Bucket{{EndpointID: e.ID, At: now.Add(-time.Hour), Succeeded: 1998, Failed: 2, Took: 100 * time.Second}}
	d.send(1, e, webhook.Retrying, func(d *webhook.Delivery) {
		d.LastCode, d.Attempts, d.Why, d.NextAttemptAt = 503, 1, "The endpoint answered 503.", now.Add(time.Hour)
	})
	page := d.get(root).Body.String()
	for _, want := range []string{
		"https://shop1.example/webhooks", "&lt;b&gt;Order&lt;/b&gt; service", "It answered 410 Gone", "after 9 failures in a row", "and 1 more",
		"99.9 %", "2,000", "50 ms", "payment_intent.succeeded", "The endpoint answered 503.", "retrying",
	} {
		require.Contains(t, page, want)
	}
	require.NotContains(t, page, "shop4.example", "it is of the other environment")
	require.NotContains(t, page, "<b>Order")
	other := d.get(root + "?environment=live").Body.String()
	require.Contains(t, other, "shop4.example")
	require.NotContains(t, other, "shop1.example")
	require.Contains(t, other, "/endpoints/"+numbered(id.WebhookEndpoint, 4)+"?environment=live")
}

func TestDeliveriesAreFilteredAndPaged(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	e := d.add(1, nil)
	for i := range 60 {
		d.send(i, e, webhook.Succeeded, nil)
	}
	failed := d.send(60, e, webhook.Failed, func(d *webhook.Delivery) { d.Type = "refund.failed" })
	at := root + "/endpoints/" + e.ID
	first := d.get(at).Body.String()
	require.Equal(t, 25, strings.Count(first, `<tr id="row-`))
	older := "after=" + numbered(id.WebhookDelivery, 36)
	require.Contains(t, first, older)
	require.NotContains(t, first, "before=")
	second := d.get(at + "?" + older).Body.String()
	require.Contains(t, second, "row-"+numbered(id.WebhookDelivery, 35))
	require.Contains(t, second, "before="+numbered(id.WebhookDelivery, 35))
	require.NotContains(t, second, `data-pauses`, "an older page does not move")
	last := d.get(at + "?after=" + numbered(id.WebhookDelivery, 11)).Body.String()
	require.Equal(t, 11, strings.Count(last, `<tr id="row-`))
	require.NotContains(t, last, "after=")

	found := d.get(at + "?status=failed&type=refund.failed").Body.String()
	require.Equal(t, 1, strings.Count(found, `<tr id="row-`))
	require.Contains(t, found, "row-"+failed.ID)
	require.Contains(t, found, "status=failed&amp;type=refund.failed", "polling keeps the filter")
	require.Contains(t, d.get(at+"?status=canceled").Body.String(), "No delivery is like this")

	d.get(at + "?status=unheard_of&type=%27%3B--&after=nonsense")
	asked := d.filters[len(d.filters)-1]
	require.Equal(t, webhook.DeliveryFilter{EndpointID: e.ID, Page: webhook.Page{Limit: 25}}, asked, "what is nothing is not asked for")
}

func TestAPartIsSentOnlyWhenItHasChanged(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	e := d.add(1, nil)
	sent := d.send(1, e, webhook.Pending, func(d *webhook.Delivery) { d.NextAttemptAt = now })
	for _, part := range []string{
		root + "?part=rows", root + "?part=plot", root + "/endpoints/" + e.ID + "?part=rows", root + "/endpoints/" + e.ID + "?part=plot&span=1h",
		root + "/endpoints/" + e.ID + "?part=replays", root + "/deliveries/" + sent.ID + "?part=progress",
	} {
		w := d.get(part)
		require.Equal(t, http.StatusOK, w.Code, part)
		require.NotContains(t, w.Body.String(), "<html", part)
		require.Equal(t, "default-src 'none'; frame-ancestors 'none'; sandbox", w.Header().Get("Content-Security-Policy"), part)
		again := d.get(part, "If-None-Match", w.Header().Get("ETag"))
		require.Equal(t, http.StatusNotModified, again.Code, part)
		require.Empty(t, again.Body.String())
	}
	tag := d.get(root + "?part=rows").Header().Get("ETag")
	d.send(2, e, webhook.Pending, func(d *webhook.Delivery) { d.NextAttemptAt = now })
	require.Equal(t, http.StatusOK, d.get(root+"?part=rows", "If-None-Match", tag).Code)
}

func TestADeliveryShowsItsRequestAndResponse(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	e := d.add(1, nil)
	body := []byte(`{"data":{"note":"</pre><script>alert(1)</script>"}}`)
	digest := sha256.Sum256(body)
	sent := d.send(1, e, webhook.Retrying, func(d *webhook.Delivery) {
		d.Attempts, d.Why, d.NextAttemptAt = 2, "The endpoint answered 503.", now.Add(time.Hour)
	})
	d.bodies[sent.ID] = body
	d.attempts[sent.ID] = []webhook.Attempt{
		{Number: 1, URL: e.URL, StartedAt: now.Add(-time.Minute), Error: "The endpoint did not answer within 15 seconds.", BodyDigest: "another"},
		{
			Number: 2, URL: e.URL, StartedAt: now, Duration: 84 * time.Millisecond, Code: 503, BodyDigest: hex.EncodeToString(digest[:]), BodySize: len(body),
			RequestHeaders: http.Header{"Webhook-Id": {sent.EventID}}, ResponseHeaders: http.Header{"Server": {"<i>nginx</i>"}}, ResponseBody: "<h1>Down</h1>", RetryAfter: 2 * time.Minute,
		},
	}
	at := root + "/deliveries/" + sent.ID
	page := d.get(at).Body.String()
	for _, want := range []string{
		"HTTP 503", "&lt;h1&gt;Down&lt;/h1&gt;", "&lt;i&gt;nginx&lt;/i&gt;", "84 ms", "alone for 2 min", sent.EventID, "1 min later",
		"\n  &#34;data&#34;: {\n", "&lt;script&gt;alert(1)", `datetime="2026-11-21T15:00:00Z" data-countdown`,
	} {
		require.Contains(t, page, want)
	}
	require.NotContains(t, page, "What was sent differed")
	require.NotContains(t, page, "<script>alert")
	first := d.get(at + "?attempt=1").Body.String()
	require.Contains(t, first, "did not answer within 15 seconds")
	require.Contains(t, first, "What was sent differed")
	require.Contains(t, first, "attempt=1&amp;part=progress", "polling keeps the attempt")

	delete(d.bodies, sent.ID)
	d.endpoints = nil
	gone := d.get(at).Body.String()
	require.Contains(t, gone, "The event is kept no longer")
	require.Contains(t, gone, "The endpoint is deleted")
	require.NotContains(t, gone, `id="redeliver"`)
}

func TestWhatIsNotThereIsAPageThatSaysSo(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	other := d.add(1, func(e *webhook.Endpoint) { e.Scope = live })
	for _, path := range []string{
		"/endpoints/we_1", "/endpoints/" + other.ID, "/endpoints/" + other.ID + "/edit", "/endpoints/" + other.ID + "/delete", "/endpoints/" + other.ID + "?part=rows",
		"/deliveries/" + numbered(id.WebhookDelivery, 9), "/deliveries/%3Cscript%3E",
	} {
		w := d.get(root + path)
		require.Equal(t, http.StatusNotFound, w.Code, path)
		require.Contains(t, w.Body.String(), "There is nothing here", path)
		require.Contains(t, w.Header().Get("Content-Security-Policy"), "default-src 'none'")
	}
	for _, action := range []string{"/test", "/enable", "/disable", "/rotate", "/redeliver", "/delete", "/edit"} {
		require.Equal(t, http.StatusNotFound, d.post(root+"/endpoints/"+other.ID+action, nil).Code, action)
	}
	require.Len(t, d.endpoints, 1)
}

func TestNobodyElseIsLetIn(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	e := d.add(1, nil)
	for _, host := range []string{"evil.example", "evil.example:8080", "127.0.0.1.evil.example", "10.0.0.1", "", "localhost.evil.example:80", "0.0.0.0:8080"} {
		w := d.get(root, "Host", host)
		require.Equal(t, http.StatusForbidden, w.Code, host)
		require.NotContains(t, w.Body.String(), e.URL)
	}
	for _, host := range []string{"localhost:8080", "LOCALHOST", "127.0.0.1", "[::1]:8080", "[::1]", "127.0.0.2:80"} {
		require.Equal(t, http.StatusOK, d.get(root, "Host", host).Code, host)
	}
	for _, peer := range []string{"192.0.2.1:50123", "10.0.0.7:50123", "172.17.0.1:1", "[fe80::1%eth0]:1", "[2001:db8::1]:1", "[::ffff:10.0.0.7]:1", "", "127.0.0.1"} {
		for _, path := range []string{root, root + "/endpoints/" + e.ID, root + "?part=rows", root + "/new"} {
			w := d.get(path, "Peer", peer, "X-Real-Ip", "127.0.0.1")
			require.Equal(t, http.StatusForbidden, w.Code, peer)
			require.NotContains(t, w.Body.String(), e.URL)
		}
		require.Equal(t, http.StatusForbidden, d.post(root+"/endpoints/"+e.ID+"/delete", nil, "Peer", peer).Code, peer)
	}
	require.Len(t, d.endpoints, 1)
	for _, peer := range []string{"127.0.0.1:1", "127.8.8.8:1", "[::1]:1", "[::ffff:127.0.0.1]:1"} {
		require.Equal(t, http.StatusOK, d.get(root, "Peer", peer).Code, peer)
	}
	for _, header := range []string{"X-Forwarded-For", "Forwarded"} {
		require.Equal(t, http.StatusForbidden, d.get(root, header, "127.0.0.1").Code, "a proxy of this machine speaks for somebody else")
	}
	disable := root + "/endpoints/" + e.ID + "/disable"
	for _, from := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"}, {"Origin", "http://127.0.0.1:3000"}} {
		w := d.post(disable, nil, from...)
		require.Equal(t, http.StatusForbidden, w.Code, from)
		require.True(t, d.endpoints[0].Enabled())
	}
	require.Equal(t, http.StatusSeeOther, d.post(disable, nil, "Sec-Fetch-Site", "same-origin").Code)
	require.False(t, d.endpoints[0].Enabled())
	require.Equal(t, http.StatusSeeOther, d.post(root+"/endpoints/"+e.ID+"/enable", nil, "Origin", "http://127.0.0.1:8080").Code)
}

func TestThereIsNothingBeforeThereIsAMerchant(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	d := desk{b, engine(console.New(console.Options{Webhooks: b, Merchant: func() string { return "" }, Clock: clock.NewManual(now)}))}
	require.Equal(t, http.StatusServiceUnavailable, d.get(root).Code)
	require.Equal(t, http.StatusServiceUnavailable, d.post(root+"/endpoints", nil).Code)
}

func TestInternalsStayInside(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	e := d.add(1, nil)
	d.refusal = fault.From(http.ErrHandlerTimeout)
	w := d.post(root+"/endpoints/"+e.ID+"/disable", nil)
	require.Equal(t, http.StatusInternalServerError, w.Code)
	require.NotContains(t, w.Body.String(), "Handler timeout")
}

func TestAnAddressCutShortLeadsToTheOverview(t *testing.T) {
	t.Parallel()
	w := newDesk(t).get(root + "/endpoints?environment=live")
	require.Equal(t, http.StatusSeeOther, w.Code)
	require.Equal(t, root+"?environment=live", w.Header().Get("Location"))
}
