package hub

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"

	"paymenthub/api/openapi"
	"paymenthub/internal/card"
	"paymenthub/internal/event"
	"paymenthub/internal/ledger"
	"paymenthub/internal/payment"
	"paymenthub/internal/webhook"
)

// intent renders a payment with its client secret.
func (a *API) intent(p payment.Intent) openapi.PaymentIntent {
	v := snapshot(p)
	secret := a.secrets.For(p.ID)
	v.ClientSecret = &secret
	return v
}

// snapshot renders a payment for whoever may not act on it.
func snapshot(p payment.Intent) openapi.PaymentIntent {
	v := openapi.PaymentIntent{
		ID: p.ID, Object: openapi.PaymentIntentObjectPaymentIntent, Status: openapi.IntentStatus(p.Status), Gateway: p.Gateway,
		Amount: p.Amount, Currency: string(p.Currency), CaptureMethod: openapi.CaptureMethod(p.CaptureMethod),
		AmountCapturable: p.AmountCapturable, AmountCaptured: p.AmountCaptured, AmountRefunded: p.AmountRefunded,
		CustomerID: optional(p.CustomerID), SettledAmount: p.SettledAmount, SettledCurrency: optional(string(p.SettledCurrency)),
		LastError: decline(p.LastError), Metadata: p.Metadata, Environment: openapi.Environment(p.Scope.Environment),
		CreatedAt: utc(p.CreatedAt), ExpiresAt: utc(p.ExpiresAt), Conversion: conversion(p.Conversion),
	}
	if p.Status == payment.RequiresCapture && !p.AuthorizedUntil.IsZero() {
		v.ExpiresAt = utc(p.AuthorizedUntil)
	}
	if p.Status == payment.RequiresAction && p.RedirectURL != "" {
		v.NextAction = &openapi.NextAction{Type: openapi.NextActionTypeRedirect, URL: p.RedirectURL}
	}
	return v
}

func decline(d *payment.Decline) *openapi.Decline {
	if d == nil {
		return nil
	}
	return &openapi.Decline{DeclineCode: string(d.Code), Advice: string(d.Advice), Message: d.Message}
}

func attempts(all []payment.Attempt) *[]openapi.Attempt {
	views := make([]openapi.Attempt, 0, len(all))
	for _, a := range all {
		method := cmp.Or(a.Method, payment.MethodCard)
		v := openapi.Attempt{
			ID: a.ID, Gateway: a.Gateway, Status: openapi.AttemptStatus(a.Status),
			Method: openapi.MethodType(method), Risk: assessment(a.Risk), Routing: decisionView(a.Routing), CreatedAt: utc(a.CreatedAt), UpdatedAt: utc(a.UpdatedAt),
		}
		if method == payment.MethodCard {
			card := cardSummary(a.Card)
			v.Card = &card
		}
		if a.Decline != nil {
			v.DeclineCode = optional(string(a.Decline.Code))
		}
		views = append(views, v)
	}
	return &views
}

func cardSummary(s card.Summary) openapi.CardSummary {
	return openapi.CardSummary{Brand: s.Brand, Last4: s.Last4, ExpMonth: s.ExpMonth, ExpYear: s.ExpYear, Fingerprint: optional(s.Fingerprint)}
}

func refund(r payment.Refund) openapi.Refund {
	v := openapi.Refund{
		ID: r.ID, Object: openapi.RefundObjectRefund, Status: openapi.RefundStatus(r.Status), IntentID: r.PaymentID,
		Amount: r.Amount, Currency: string(r.Currency), Failure: decline(r.Failure),
		Environment: openapi.Environment(r.Scope.Environment), CreatedAt: utc(r.CreatedAt),
		Exchange: exchange(r.Exchange, r.Status == payment.RefundSucceeded),
	}
	if r.Reason != "" {
		reason := openapi.RefundReason(r.Reason)
		v.Reason = &reason
	}
	return v
}

func dispute(d payment.Dispute) openapi.Dispute {
	v := openapi.Dispute{
		ID: d.ID, Object: openapi.DisputeObjectDispute, Status: openapi.DisputeStatus(d.Status), IntentID: d.PaymentID,
		Amount: d.Amount, Currency: string(d.Currency), Reason: d.Reason, Gateway: d.Gateway, GatewayReference: d.GatewayReference,
		Withdrawn: d.Withdrawn && !d.Reinstated, Environment: openapi.Environment(d.Scope.Environment),
		CreatedAt: utc(d.CreatedAt), UpdatedAt: utc(d.UpdatedAt),
	}
	if !d.RespondBy.IsZero() {
		by := utc(d.RespondBy)
		v.RespondBy = &by
	}
	return v
}

// Event renders an event, as the API answers and webhooks send it.
func Event(e event.Event) (openapi.Event, error) {
	object, err := eventObject(e)
	if err != nil {
		return openapi.Event{}, fmt.Errorf("event %s: %w", e.ID, err)
	}
	return openapi.Event{
		ID: e.ID, Type: openapi.EventType(e.Type), CreatedAt: utc(e.CreatedAt),
		Environment: openapi.Environment(e.Scope.Environment), Data: openapi.EventData{Object: object},
	}, nil
}

func eventObject(e event.Event) (any, error) {
	kind, _, _ := strings.Cut(string(e.Type), ".")
	switch kind {
	case "payment_intent":
		var p payment.Intent
		err := json.Unmarshal(e.Object, &p)
		return snapshot(p), err
	case "refund":
		var r payment.Refund
		err := json.Unmarshal(e.Object, &r)
		return refund(r), err
	case "dispute":
		var d payment.Dispute
		err := json.Unmarshal(e.Object, &d)
		return dispute(d), err
	case "webhook_endpoint":
		var w webhook.Endpoint
		err := json.Unmarshal(e.Object, &w)
		return endpointAt(w, e.CreatedAt), err
	default:
		return nil, fmt.Errorf("type %q is not known", e.Type)
	}
}

func balance(b ledger.Balance) openapi.LedgerBalance {
	return openapi.LedgerBalance{
		Object: openapi.LedgerBalanceObjectLedgerBalance, Account: openapi.LedgerAccount(b.Account),
		Currency: string(b.Currency), Amount: b.Amount,
	}
}

func entry(e ledger.PostedEntry) openapi.LedgerEntry {
	return openapi.LedgerEntry{
		ID: e.ID, Object: openapi.LedgerEntryObjectLedgerEntry, Account: openapi.LedgerAccount(e.Account),
		Currency: string(e.Currency), Amount: e.Amount, TransactionID: e.TransactionID,
		Kind: openapi.LedgerEntryKind(e.TransactionKind), IntentID: e.PaymentID, SourceID: e.SourceID, CreatedAt: utc(e.CreatedAt),
	}
}

const listObject = "list"

// views renders each of rows; never nil, so that an empty list is [].
func views[R, V any](rows []R, render func(R) V) []V {
	all := make([]V, 0, len(rows))
	for _, row := range rows {
		all = append(all, render(row))
	}
	return all
}
