package hub

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	"paymenthub/api/openapi"
	"paymenthub/internal/vault"
	"paymenthub/internal/webhook"
)

func (a *API) endpoint(e webhook.Endpoint) openapi.WebhookEndpoint {
	return endpointAt(e, a.clock.Now())
}

// endpointWithSecret renders an endpoint for whoever has just been given its secret.
func (a *API) endpointWithSecret(e webhook.Endpoint, secret vault.Secret) openapi.WebhookEndpoint {
	v, shown := a.endpoint(e), secret.Reveal()
	v.Secret = &shown
	return v
}

// endpointAt renders an endpoint as it stands at a time.
func endpointAt(e webhook.Endpoint, now time.Time) openapi.WebhookEndpoint {
	v := openapi.WebhookEndpoint{
		ID: e.ID, Object: openapi.WebhookEndpointObjectWebhookEndpoint, URL: e.URL, EventTypes: e.EventTypes,
		Dialect: openapi.WebhookDialect(e.Dialect), Description: optional(e.Description), HeaderNames: append([]string{}, e.HeaderNames...),
		Enabled: e.Enabled(), DisabledAt: moment(e.DisabledAt),
		Health: openapi.WebhookHealth{
			State: healthState(e, now), FailingSince: moment(e.Health.FailingSince), ConsecutiveFailures: e.Health.Failures,
		},
		Environment: openapi.Environment(e.Scope.Environment), CreatedAt: utc(e.CreatedAt), UpdatedAt: utc(e.UpdatedAt),
	}
	if !e.Enabled() {
		reason := openapi.WebhookDisabledReason(e.Disabled)
		v.DisabledReason = &reason
	}
	if e.Health.Paused(now) {
		v.Health.PausedUntil = moment(e.Health.PausedUntil)
	}
	if now.Before(e.SecretEndsAt) {
		v.SecretPreviousEndsAt = moment(e.SecretEndsAt)
	}
	return v
}

func healthState(e webhook.Endpoint, now time.Time) openapi.WebhookHealthState {
	switch {
	case !e.Enabled():
		return openapi.WebhookHealthStateDisabled
	case e.Health.Paused(now):
		return openapi.WebhookHealthStatePaused
	case !e.Health.FailingSince.IsZero():
		return openapi.WebhookHealthStateFailing
	default:
		return openapi.WebhookHealthStateHealthy
	}
}

// delivery renders a delivery with the last of the attempts that were made of it, and the
// body that they carried; nil: it is not known any more.
func delivery(d webhook.Delivery, made []webhook.Attempt, body []byte) openapi.WebhookDelivery {
	v := openapi.WebhookDelivery{
		ID: d.ID, Object: openapi.WebhookDeliveryObjectWebhookDelivery, EventID: d.EventID, EndpointID: d.EndpointID, ObjectID: d.ObjectID,
		Type: d.Type, Status: openapi.WebhookDeliveryStatus(d.Status), Trigger: openapi.WebhookDeliveryTrigger(d.Trigger),
		AttemptCount: d.Attempts, Round: d.Round, NextAttemptAt: moment(d.NextAttemptAt), Failure: optional(d.Why),
		Environment: openapi.Environment(d.Scope.Environment), CreatedAt: utc(d.CreatedAt), EndedAt: moment(d.EndedAt),
	}
	if d.LastCode != 0 {
		v.LastStatusCode = &d.LastCode
	}
	if len(made) > 0 {
		last := webhookAttempt(made[len(made)-1], body)
		v.LastAttempt = &last
	}
	return v
}

// webhookAttempt renders an attempt with the delivery's body, which is rendered again from
// the event, and held against what the attempt sent.
func webhookAttempt(a webhook.Attempt, body []byte) openapi.WebhookAttempt {
	v := openapi.WebhookAttempt{
		Number: a.Number, Round: a.Round, StartedAt: utc(a.StartedAt), DurationMs: milliseconds(a.Duration),
		Request: openapi.WebhookRequest{URL: a.URL, Headers: headerLines(a.RequestHeaders)}, Error: optional(a.Error),
	}
	if a.Code != 0 {
		v.Response = &openapi.WebhookResponse{StatusCode: a.Code, Headers: headerLines(a.ResponseHeaders), Body: a.ResponseBody, Truncated: a.Truncated}
	}
	if body != nil {
		sum, sent := sha256.Sum256(body), string(body)
		matches := a.BodyDigest == hex.EncodeToString(sum[:])
		v.Request.Body, v.Request.BodyMatches = &sent, &matches
	}
	return v
}

// headerLines writes a header with one line for each name (RFC 9110, 5.2).
func headerLines(h http.Header) map[string]string {
	lines := make(map[string]string, len(h))
	for name, values := range h {
		lines[name] = strings.Join(values, ", ")
	}
	return lines
}

func replay(r webhook.Replay) openapi.WebhookReplay {
	return openapi.WebhookReplay{
		ID: r.ID, Object: openapi.WebhookReplayObjectWebhookReplay, EndpointID: r.EndpointID, Kind: openapi.WebhookReplayKind(r.Kind),
		From: utc(r.From), To: utc(r.To), Status: openapi.WebhookReplayStatus(r.Status), Total: r.Total, Seen: r.Seen, Queued: r.Queued,
		Environment: openapi.Environment(r.Scope.Environment), CreatedAt: utc(r.CreatedAt), EndedAt: moment(r.EndedAt),
	}
}

func activity(b webhook.Bucket) openapi.WebhookActivity {
	attempts := max(b.Succeeded+b.Failed, 1)
	return openapi.WebhookActivity{
		Object: openapi.WebhookActivityObjectWebhookActivity, From: utc(b.At), Succeeded: b.Succeeded, Failed: b.Failed,
		AverageMs: milliseconds(b.Took / time.Duration(attempts)),
	}
}

// milliseconds writes a duration to the microsecond.
func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// moment turns the zero time into null.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = utc(t)
	return &t
}
