package interleave_test

import (
	"testing"

	"paymenthub/internal/interleave"
	"paymenthub/internal/payment"
)

// webhookScenarios have the provider's webhooks race against what they tell of.
var webhookScenarios = []scenario{
	{"webhook against attempt", automatic, opened(confirm(interleave.CardApproved), posting)},
	{"webhook against declined attempt", automatic, opened(confirm(interleave.CardDeclined), posting)},
	{"webhook against attempts", manual, opened(confirm(interleave.CardDeclined), confirm(interleave.CardApproved), posting)},
	{"webhook against attempt, look-ups failing", automatic, unheard(opened(confirm(interleave.CardApproved), posting))},
	{"webhook against attempt left behind", manual, behind(opened(), confirm(interleave.CardApproved), posting, lookingUp)},
	{"webhook against sale left behind, look-ups failing", automatic, unheard(behind(opened(), confirm(interleave.CardApproved), posting))},
	{"webhook against capture", manual, held(capture(700), posting)},
	{"webhook against capture left behind, look-ups failing", manual, unheard(behind(held(), capture(700), backwards))},
	{"webhook against void", manual, held(void(payment.VoidCanceled), posting)},
	{"webhook against void left behind, look-ups failing", manual, unheard(behind(held(), void(payment.VoidExpired), posting))},
	{"webhook against capture against void", manual, held(capture(0), void(payment.VoidCanceled), posting)},
	{"webhook against capture against void, look-ups failing", manual, unheard(held(capture(700), void(payment.VoidCanceled), backwards))},
	{"webhook against confirm against expiry", manual, opened(confirm(interleave.CardApproved), expiring, posting)},
	{"webhook against capture against expiry", manual, held(capture(0), void(payment.VoidExpired), posting)},
	{"webhook against shopper against expiry", manual, acting(shopper(true), void(payment.VoidExpired), posting)},
	{"webhook against shopper of a sale against void", automatic, acting(shopper(true), void(payment.VoidCanceled), posting)},
	{"webhook against refusing shopper, look-ups failing", automatic, unheard(acting(shopper(false), posting, backwards))},
	{"webhook against sweep against capture", manual, held(capture(700), sweeping, posting)},

	{"webhook against itself", automatic, behind(opened(), confirm(interleave.CardApproved), posting, posting)},
	{"webhooks in the wrong order", manual, behind(held(), capture(700), backwards, posting)},

	{"webhook against refund against refund", automatic, captured(refund(600), refund(700), posting)},
	{"webhook against refunds that end late", automatic, captured(refund(600), refund(300), banking, posting)},
	{"webhook against refund taken back against refund", automatic, refunded(takingBack, refund(0), posting)},
	{"refund taken back while it is made", automatic, captured(refund(600), takingBack, refund(700), posting)},
	{"refund taken back, look-ups failing", automatic, unheard(refunded(takingBack, refund(150), posting))},

	{"dispute against refund", automatic, captured(objecting(800, interleave.DisputeOpen, interleave.DisputeLost), refund(300), posting)},
	{
		"events of a dispute in any order", automatic,
		captured(objecting(1000, interleave.DisputeInquiry, interleave.DisputeOpen, interleave.DisputeReviewed, interleave.DisputeWon), posting, backwards),
	},
	{
		"dispute against dispute", automatic,
		captured(objecting(400, interleave.DisputeOpen, interleave.DisputeWon), objecting(600, interleave.DisputeOpen, interleave.DisputeLost), posting),
	},
	{
		"dispute by two workers", automatic,
		captured(objecting(500, interleave.DisputeInquiry, interleave.DisputeOpen, interleave.DisputeLost), disputeSteps, refund(10), posting),
	},
	{
		"dispute of a sale left behind", automatic,
		behind(opened(), confirm(interleave.CardApproved), objecting(500, interleave.DisputeOpen, interleave.DisputeReviewed), posting),
	},

	{"mistakes about a capture", manual, held(capture(700), mistaking(anotherAmount, anotherTransaction, anotherPayment), posting)},
	{"mistakes about a void", manual, held(void(payment.VoidCanceled), mistaking(anotherCurrency, capturedAfterAll), posting)},
	{"mistakes about a decline", manual, declined(confirm(interleave.CardApproved), mistaking(capturedAfterAll), posting)},
	{
		"mistakes about what is settled", automatic,
		refunded(refund(100), mistaking(releasedAfterAll, moreCaptured, anotherRefund, refundOfMore, disputeOfMore, disputeElsewhere), posting),
	},
}

// unheard has most look-ups fail, so that the webhooks decide.
func unheard(line func(*race) []runner) func(*race) []runner {
	return func(r *race) []runner {
		made := line(r)
		r.deaf = true
		return made
	}
}

// refunded is a payment of which a part was given back, declined one whose
// first card was.
func refunded(racers ...racer) func(*race) []runner {
	return func(r *race) []runner {
		r.alone(confirm(interleave.CardApproved).enter(r))
		return after(refund(800), racers)(r)
	}
}

func declined(racers ...racer) func(*race) []runner {
	return after(confirm(interleave.CardDeclined), racers)
}

func TestWebhooksOnSQLite(t *testing.T) {
	t.Parallel()
	races(t, sqlite(t), webhookScenarios, 20, (*race).run)
}

func TestWebhooksOnPostgres(t *testing.T) {
	t.Parallel()
	races(t, postgres(t), webhookScenarios, 4, (*race).run)
}

func TestWebhooksAtOnceOnPostgres(t *testing.T) {
	t.Parallel()
	races(t, postgres(t), webhookScenarios, 3, (*race).runAtOnce)
}
