package api_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

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

func (i *inbox) Receive(_ context.Context, gateway, account string, header http.Header, body []byte) error {
	i.gateway, i.account, i.header, i.body = gateway, account, header, string(body)
	return i.fail
}

const webhook = "/webhooks/stripe/sandbox"

func TestAProvidersWebhookArrivesByteForByte(t *testing.T) {
	s := newStage(t)
	for _, contentType := range []string{"application/json", "application/x-www-form-urlencoded", "text/plain"} {
		body := "{ \"id\":\t\"evt_1\"}\n"
		r := s.request(http.MethodPost, webhook, body, "Content-Type", contentType, "Stripe-Signature", "t=1,v1=2", "Authorization", "")
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
		http.StatusServiceUnavailable:  fault.New(fault.Unavailable, "Later."),
		http.StatusInternalServerError: errors.New("a defect"),
	} {
		s.inbox.fail = fail
		require.Equal(t, want, s.call(http.MethodPost, webhook, `{}`).Code)
	}
	require.Equal(t, http.StatusRequestEntityTooLarge, s.call(http.MethodPost, webhook, `"`+strings.Repeat("x", 1<<20)+`"`).Code)
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
