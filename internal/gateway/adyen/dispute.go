package adyen

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/adyen/adyen-go-api-library/v21/src/webhook"

	"paymenthub/internal/payment"
)

// Event codes that the library does not list.
const (
	eventDefensePeriodEnded = "DISPUTE_DEFENSE_PERIOD_ENDED"
	eventInformation        = "INFORMATION_SUPPLIED"
	eventIssuerExpired      = "ISSUER_RESPONSE_TIMEFRAME_EXPIRED"
	eventPrearbitrationOpen = "PREARBITRATION_OPEN"
)

// disputeEvent is what an event does to a dispute.
type disputeEvent struct {
	stage                 int // of events at the same time, the one of the later stage counts
	status                payment.DisputeStatus
	withdrawn, reinstated bool
	second                bool // the amount is taken once more
}

// disputeEvents are the stages of a dispute, by the event's code, which is signed; the
// disputeStatus beside it is not.
// Source: docs.adyen.com/risk-management/disputes-api/dispute-notifications.
var disputeEvents = map[string]disputeEvent{
	webhook.EventCodeRequestForInformation:    {stage: 1, status: payment.DisputeInquiry},
	webhook.EventCodeNotificationOfChargeback: {stage: 2, status: payment.DisputeNeedsResponse},
	webhook.EventCodeChargeback:               {stage: 3, status: payment.DisputeNeedsResponse, withdrawn: true},
	eventInformation:                          {stage: 4, status: payment.DisputeUnderReview},
	webhook.EventCodeChargebackReversed:       {stage: 5, status: payment.DisputeUnderReview, withdrawn: true, reinstated: true}, // not final
	eventPrearbitrationOpen:                   {stage: 6, status: payment.DisputeUnderReview},
	eventIssuerExpired:                        {stage: 7, status: payment.DisputeWon},
	webhook.EventCodePrearbitrationWon:        {stage: 7, status: payment.DisputeWon},
	eventDefensePeriodEnded:                   {stage: 7, status: payment.DisputeLost},
	webhook.EventCodeSecondChargeback:         {stage: 8, status: payment.DisputeLost, withdrawn: true, second: true},
	webhook.EventCodePrearbitrationLost:       {stage: 8, status: payment.DisputeLost, withdrawn: true, second: true},
}

// secondTime marks the reference of what is taken once more: Adyen has one reference for
// all events of a dispute, the hub's books one withdrawal for each.
const secondTime = "_2"

func (i item) disputeReference() string {
	reference := wordOf(i.PspReference)
	if disputeEvents[i.EventCode].second && reference != "" {
		reference += secondTime
	}
	return reference
}

// DisputeTold reads how a dispute stands from the bodies of the webhooks that told of it,
// whose signatures were checked, in any order: Adyen tells it in no other way.
// Errors: none of them tells of the dispute, or one cannot be read.
func (*Adapter) DisputeTold(reference string, bodies [][]byte) (payment.DisputeReport, error) {
	var told []item
	for _, body := range bodies {
		items := readItems(body)
		if len(items) != 1 {
			return payment.DisputeReport{}, errors.New("adyen: a webhook cannot be read")
		}
		if _, ok := disputeEvents[items[0].EventCode]; ok && items[0].disputeReference() == reference {
			told = append(told, items[0])
		}
	}
	if len(told) == 0 {
		return payment.DisputeReport{}, fmt.Errorf("adyen: no webhook tells of dispute %s", wordOf(reference))
	}
	slices.SortStableFunc(told, func(a, b item) int {
		return cmp.Or(a.at().Compare(b.at()), cmp.Compare(disputeEvents[a.EventCode].stage, disputeEvents[b.EventCode].stage))
	})
	r := payment.DisputeReport{Reference: reference, OpenedAt: told[0].at()}
	for _, i := range told {
		if err := i.addTo(&r); err != nil {
			return payment.DisputeReport{}, fmt.Errorf("adyen: dispute %s: %w", reference, err)
		}
	}
	return r, nil
}

// addTo brings a report up to the event.
func (i item) addTo(r *payment.DisputeReport) (err error) {
	event := disputeEvents[i.EventCode]
	if r.Amount, err = fromAdyen(i.Amount.Value, i.Amount.Currency); err != nil {
		return err
	}
	r.Status, r.Reason = event.status, disputeReason(i.Reason)
	r.Withdrawn, r.Reinstated = r.Withdrawn || event.withdrawn, r.Reinstated || event.reinstated
	if until, err := time.Parse(time.RFC3339, i.text("defensePeriodEndsAt")); err == nil {
		r.RespondBy = until.UTC()
	}
	return nil
}

// disputeReason keeps the network's reason as a word, without its number: "13.1
// Merchandise/Services Not Received" is merchandise_services_not_received.
func disputeReason(reason string) string {
	const most = 64
	letters := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return ' '
		}
		return r
	}, reason)
	word := asWord(letters)
	if len(word) > most {
		word = strings.Trim(word[:most], "_")
	}
	if word == "" {
		return "general"
	}
	return word
}
