package adyen

import (
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/adyen/adyen-go-api-library/v21/src/hmacvalidator"
	"github.com/adyen/adyen-go-api-library/v21/src/webhook"

	"paymenthub/internal/fault"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
)

// ReadNotification implements gateway.Gateway. What it reads is in the fields that
// Adyen signs, except when it happened. Besides the port's errors: fault.NotFound when
// the account takes no webhooks.
func (a *Adapter) ReadNotification(_ http.Header, body []byte, _ time.Time) (payment.Notice, error) {
	if len(a.hmacKeys) == 0 {
		return payment.Notice{}, fault.New(fault.NotFound, "This account takes no webhooks: its HMAC key is not configured.")
	}
	items := readItems(body)
	switch {
	case len(items) > 1:
		// Only SOAP ones, which Adyen has given up, carried several.
		// Source: docs.adyen.com/development-resources/webhooks/webhook-types, "notificationItems".
		return payment.Notice{}, fault.New(fault.Invalid, "The body must be one notification item. Set the webhook's method to JSON.")
	case len(items) == 0:
		return payment.Notice{}, fault.New(fault.Unauthenticated, "The body carries no signature: it must be one of Adyen's standard webhooks, as JSON, with an HMAC key.")
	case !a.signed(items[0]):
		return payment.Notice{}, fault.New(fault.Unauthenticated,
			"The webhook's signature does not match. Check that its HMAC key is the one configured for this account.")
	}
	return items[0].notice(a.account), nil
}

// item is one notification.
type item struct {
	webhook.NotificationRequestItem
}

// readItems reads a body; nothing of one that is no webhook.
func readItems(body []byte) []item {
	var w struct {
		NotificationItems []struct {
			NotificationRequestItem *webhook.NotificationRequestItem
		} `json:"notificationItems"`
	}
	if json.Unmarshal(body, &w) != nil {
		return nil
	}
	items := make([]item, 0, len(w.NotificationItems))
	for _, of := range w.NotificationItems {
		if of.NotificationRequestItem == nil {
			return nil
		}
		items = append(items, item{*of.NotificationRequestItem})
	}
	return items
}

// signed compares the signature in constant time, which the library does not.
func (a *Adapter) signed(i item) bool {
	given := []byte(i.text("hmacSignature"))
	for _, key := range a.hmacKeys {
		want, err := hmacvalidator.CalculateHmac(i.NotificationRequestItem, key)
		if err == nil && subtle.ConstantTimeCompare(given, []byte(want)) == 1 {
			return true
		}
	}
	return false
}

// text is one of the item's additional fields; none of them is signed.
func (i item) text(name string) string {
	if i.AdditionalData == nil {
		return ""
	}
	return additional(*i.AdditionalData).text(name)
}

const yes = "true"

func (i item) succeeded() bool { return i.Success == yes }

// unambiguous reports whether the signature covers each field by itself: they are
// joined by colons, so that a colon in one could be moved into another.
func (i item) unambiguous() bool {
	return !strings.Contains(i.PspReference+i.OriginalReference+i.MerchantAccountCode+i.MerchantReference+i.Amount.Currency+i.EventCode+i.Success, ":")
}

// money is the item's amount in our unit. One that has no counterpart there is nothing:
// it then agrees with no payment of ours, and is raised.
func (i item) money() money.Money {
	m, err := fromAdyen(i.Amount.Value, i.Amount.Currency)
	if err != nil {
		return money.Money{}
	}
	return m
}

// at is when it happened, by Adyen's clock.
func (i item) at() time.Time {
	if i.EventDate == nil {
		return time.Time{}
	}
	return i.EventDate.UTC()
}

// notice says what the item tells. What is not about a reference of the hub's is
// about no payment of its.
func (i item) notice(account string) payment.Notice {
	n := payment.Notice{ID: i.PspReference + "." + i.EventCode + "." + i.Success, Type: i.EventCode, Subject: payment.NoticeOfOther, At: i.at()}
	of := readReference(i.MerchantReference)
	if of.payment == "" || i.MerchantAccountCode != account || !i.unambiguous() {
		return n
	}
	told := i.tells(of)
	if told.subject == payment.NoticeOfOther {
		return n
	}
	n.Subject, n.State, n.PaymentID, n.TransactionID, n.RefundID = told.subject, told.state, of.payment, of.transaction, of.refund
	n.GatewayReference, n.Amount = wordOf(i.OriginalReference), i.money()
	switch {
	case i.EventCode == webhook.EventCodeAuthorisation:
		n.GatewayReference = wordOf(i.PspReference)
	case told.subject == payment.NoticeOfDispute:
		n.PaymentID, n.TransactionID = "", "" // found by the payment's reference, as of every provider
		n.DisputeReference = i.disputeReference()
	}
	if told.state == payment.NoticeCaptured {
		n.Captured = n.Amount.Minor
	}
	return n
}

// told is the kind of what an item tells.
type told struct {
	subject payment.NoticeSubject
	state   payment.NoticeState
}

// tells reads an event.
// Source: docs.adyen.com/development-resources/webhooks/webhook-types, "Event codes".
func (i item) tells(of named) told {
	either := func(subject payment.NoticeSubject, done, not payment.NoticeState) told {
		if i.succeeded() {
			return told{subject, done}
		}
		return told{subject, not}
	}
	switch i.EventCode {
	case webhook.EventCodeAuthorisation:
		done := payment.NoticeAuthorized
		if of.kind == payment.Sale {
			done = payment.NoticeCaptured // at once, and told by nothing else
		}
		return either(payment.NoticeOfPayment, done, payment.NoticeDeclined)
	case webhook.EventCodeCapture:
		return either(payment.NoticeOfPayment, payment.NoticeCaptured, payment.NoticeFailed)
	case webhook.EventCodeCaptureFailed: // the network did not take what was captured
		return told{payment.NoticeOfPayment, payment.NoticeDeclined}
	case webhook.EventCodeCancellation, webhook.EventCodeTechnicalCancel, webhook.EventCodeExpire:
		return either(payment.NoticeOfPayment, payment.NoticeReleased, payment.NoticeFailed)
	case webhook.EventCodeRefund:
		return either(payment.NoticeOfRefund, payment.NoticeRefunded, payment.NoticeFailed)
	case webhook.EventCodeRefundFailed, webhook.EventCodeRefundedReversed:
		return told{payment.NoticeOfRefund, payment.NoticeFailed}
	}
	if _, ok := disputeEvents[i.EventCode]; ok {
		return told{payment.NoticeOfDispute, ""}
	}
	return told{payment.NoticeOfOther, ""}
}
