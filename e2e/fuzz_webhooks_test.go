package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/api/openapi/generate"
)

// ofWebhooks is known of endpoints, and of what is sent to them again. They are told
// things by a receiver of the test's own.
func (f *fuzz) ofWebhooks(p generate.Place) (any, bool) {
	choose := func(from ...any) (any, bool) { return from[p.Random.IntN(len(from))], true }
	ago := func(d time.Duration) string { return time.Now().Add(-d).UTC().Format(time.RFC3339Nano) }
	switch p.Operation {
	case "createWebhookEndpoint", "updateWebhookEndpoint":
		switch p.Name {
		case "url":
			return f.refused.told.receiver.URL + "/again", true
		case "event_types":
			return choose([]string{"*"}) // of any dialect
		case "description":
			return choose(nil, "Orders") // one line
		case "headers":
			return choose(object{}, object{"X-Shop": "7", "Authorization": "Bearer of the shop's"})
		case "dialect":
			return nil, p.Operation == "updateWebhookEndpoint" // it is refused there
		}
	case "getEventPayload":
		if p.Name == "event_types" {
			return "*", true // of any dialect
		}
	case "listWebhookDeliveries":
		if p.Name == "type" {
			return choose("payment_intent.created", "dispute.closed")
		}
	case "listWebhookActivity":
		if p.Name == "from" {
			return choose(ago(time.Hour), ago(29*24*time.Hour))
		}
	case "redeliverToWebhookEndpoint":
		switch p.Name {
		case "event_id":
			return f.refused.event, true
		case "failed_since", "from":
			return ago(2 * time.Hour), true
		case "to":
			return ago(time.Hour), true
		}
	}
	return nil, false
}

// settleWebhooks: what is sent again is an event, what has failed, or what happened in a
// stretch of time.
func settleWebhooks(operation string, body generate.Object) {
	if operation != "redeliverToWebhookEndpoint" {
		return
	}
	given := func(name string) bool { return body.Has(name) && body.Text(name) != "null" }
	without := func(names ...string) {
		for _, name := range names {
			if body.Has(name) { // the fault may be in it
				body.Set(name, json.RawMessage("null"))
			}
		}
	}
	switch {
	case given("event_id"):
		without("failed_since", "from", "to")
	case given("from") && given("to"):
		without("failed_since")
	default:
		without("from", "to")
		body.Set("failed_since", time.Now().Add(-time.Hour).UTC().Format(time.RFC3339))
	}
}

// newEndpoint makes an endpoint that a valid request may change, in the place of the one
// before: a merchant has 20 at most. It is told of little.
func (f *fuzz) newEndpoint(t *testing.T, operation string) string {
	t.Helper()
	f.mu.Lock()
	before := f.endpoints[operation]
	f.mu.Unlock()
	if before != "" {
		a := f.shop.do(t, http.MethodDelete, webhookEndpoints+"/"+before, nil)
		require.Contains(t, []int{http.StatusOK, http.StatusNotFound}, a.status, "%s", a.raw)
	}
	made := f.shop.tell(t, f.refused.told.receiver, quietType)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.endpoints[operation] = made.ID
	return made.ID
}

// tidy deletes the endpoints that requests have added.
func (f *fuzz) tidy(t *testing.T, operation string, a answer) {
	t.Helper()
	var made idOnly
	if operation != "createWebhookEndpoint" || a.status != http.StatusOK || json.Unmarshal(a.raw, &made) != nil || !strings.HasPrefix(made.ID, "we_") {
		return
	}
	f.shop.do(t, http.MethodDelete, webhookEndpoints+"/"+made.ID, nil)
}
