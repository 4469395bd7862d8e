package api_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/api"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/payment"
)

func (f *core) GetDispute(_ context.Context, scope merchant.Scope, disputeID string) (payment.Dispute, error) {
	for _, d := range f.disputes {
		if d.ID == disputeID && d.Scope == scope {
			return d, nil
		}
	}
	return payment.Dispute{}, fault.New(fault.NotFound, "There is no dispute '%s'.", disputeID)
}

func (f *core) ListDisputes(_ context.Context, _ merchant.Scope, filter payment.DisputeFilter) ([]payment.Dispute, bool, error) {
	var rows []payment.Dispute
	for _, d := range f.disputes {
		if filter.Status == "" || filter.Status == d.Status {
			rows = append(rows, d)
		}
	}
	return rows, false, nil
}

// inbox takes every notification, or fails.
type inbox struct {
	fail             error
	gateway, account string
	header           http.Header
	body             string
}

func (i *inbox) Knows(_, account string) bool { return account == "sandbox" || account == "stripe_met" }

func (i *inbox) Receive(_ context.Context, gateway, account string, header http.Header, body []byte) error {
	i.gateway, i.account, i.header, i.body = gateway, account, header, string(body)
	return i.fail
}

const notified = "/webhooks/stripe/sandbox"

func TestAProvidersWebhookArrivesByteForByte(t *testing.T) {
	s := newStage(t)
	for _, contentType := range []string{"application/json", "application/x-www-form-urlencoded", "text/plain"} {
		body := "{ \"id\":\t\"evt_1\"}\n"
		r := s.request(http.MethodPost, notified, body, "Content-Type", contentType, "Stripe-Signature", "t=1,v1=2", "Authorization", "")
		w := serve(s, r)
		require.Equal(t, http.StatusOK, w.Code)
		require.Empty(t, w.Body.String())
		require.Equal(t, []string{"stripe", "sandbox", body, "t=1,v1=2"}, []string{s.inbox.gateway, s.inbox.account, s.inbox.body, s.inbox.header.Get("Stripe-Signature")})
	}
}

func TestAProviderIsToldWhatWentWrong(t *testing.T) {
	s := newStage(t)
	for want, fail := range map[int]error{
		http.StatusUnauthorized:        fault.New(fault.Unauthenticated, "The signature is wrong."),
		http.StatusBadRequest:          fault.New(fault.Invalid, "The body is no event."),
		http.StatusNotFound:            fault.New(fault.NotFound, "There is no account of this gateway here."),
		http.StatusTooManyRequests:     fault.New(fault.RateLimited, "Too many notifications of this account.").After(time.Second),
		http.StatusServiceUnavailable:  fault.New(fault.Unavailable, "Later."),
		http.StatusInternalServerError: errors.New("a defect"),
	} {
		s.inbox.fail = fail
		require.Equal(t, want, s.call(http.MethodPost, notified, `{}`).Code)
	}
	require.Equal(t, http.StatusRequestEntityTooLarge, s.call(http.MethodPost, notified, `"`+strings.Repeat("x", 1<<20)+`"`).Code)
}

// An address that guesses accounts is refused before any is looked for; what is known
// arrives from there all the same.
func TestAnAddressThatGuessesAccountsIsRefused(t *testing.T) {
	s := newStage(t, func(o *api.Options) { o.PublicLimit = api.RateLimit{PerMinute: 60, Burst: 3} })
	from := func(address, account string) int {
		r := s.request(http.MethodPost, "/webhooks/stripe/"+account, `{}`, "Authorization", "")
		r.RemoteAddr = address + ":99"
		return serve(s, r).Code
	}
	for range 5 {
		require.Equal(t, http.StatusOK, from("192.0.2.1", "stripe_found"), "what is there costs nothing")
	}
	s.inbox.fail = fault.New(fault.NotFound, "There is no account of this gateway here.")
	require.Equal(t, []int{404, 404, 404, 429}, []int{from("192.0.2.1", "a"), from("192.0.2.1", "b"), from("192.0.2.1", "c"), from("192.0.2.1", "d")})
	require.Equal(t, "c", s.inbox.account, "nobody was asked for the fourth")
	require.Equal(t, http.StatusNotFound, from("192.0.2.2", "d"))
	s.inbox.fail = nil
	require.Equal(t, []int{200, 200, 429}, []int{from("192.0.2.1", "sandbox"), from("192.0.2.1", "stripe_met"), from("192.0.2.1", "stripe_found")})
	w := s.call(http.MethodPost, "/webhooks/stripe/stripe_found", `{}`)
	require.Equal(t, []any{http.StatusTooManyRequests, "1"}, []any{w.Code, w.Header().Get("Retry-After")})
	s.clock.Advance(time.Second)
	require.Equal(t, http.StatusOK, from("192.0.2.1", "stripe_found"))
}

func TestDisputesAreListedAndShown(t *testing.T) {
	s := newStage(t)
	at := s.clock.Now()
	open := payment.Dispute{
		ID: id.New(id.Dispute), Scope: s.scope, PaymentID: id.New(id.Payment), Gateway: "stripe", GatewayReference: "du_1",
		Amount: 1200, Currency: "AED", Reason: "fraudulent", Status: payment.DisputeNeedsResponse, Withdrawn: true,
		RespondBy: at.Add(time.Hour), CreatedAt: at, UpdatedAt: at,
	}
	won := open
	won.ID, won.Status, won.Reinstated, won.RespondBy = id.New(id.Dispute), payment.DisputeWon, true, time.Time{}
	s.core.disputes = []payment.Dispute{open, won}
	w := s.call(http.MethodGet, "/v3/disputes/"+open.ID, "")
	require.JSONEq(t, `{"id":"`+open.ID+`","object":"dispute","status":"needs_response","intent_id":"`+open.PaymentID+`","amount":1200,
		"currency":"AED","reason":"fraudulent","withdrawn":true,"respond_by":"2026-04-21T10:30:00.123456Z","gateway":"stripe",
		"gateway_reference":"du_1","environment":"sandbox","created_at":"2026-04-21T09:30:00.123456Z","updated_at":"2026-04-21T09:30:00.123456Z"}`, w.Body.String())
	w = s.call(http.MethodGet, "/v3/disputes?status=won", "")
	require.Contains(t, w.Body.String(), `"withdrawn":false,"respond_by":null`)
	require.NotContains(t, w.Body.String(), open.ID)
	for _, query := range []string{"status=lots", "intent_id=rf_1", "limit=0", "starting_after=pi_1"} {
		require.Equal(t, http.StatusBadRequest, s.call(http.MethodGet, "/v3/disputes?"+query, "").Code, query)
	}
	require.Equal(t, http.StatusNotFound, s.call(http.MethodGet, "/v3/disputes/"+id.New(id.Dispute), "").Code)
}
