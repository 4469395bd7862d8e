// Package storetest is the one suite that every database behind the store
// passes: the same named cases, run through the ports.
package storetest

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/clock"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
	"paymenthub/internal/risk"
	"paymenthub/internal/routing"
	"paymenthub/internal/store"
	"paymenthub/internal/vault"
)

// Subject is a fresh, migrated database.
type Subject struct {
	Store *store.Store
	// SQL is another way to the same database, to look and reach behind the store.
	SQL *sql.DB
}

// alone are the cases that nothing runs beside: they say how long something may take.
var alone = map[string]bool{
	"a poll of a large backlog is quick": true, "one object's deliveries hold no poll up": true, "a held endpoint holds no results up": true,
}

// Run runs the suite. open makes a fresh database for each case and closes it
// when the case ends.
func Run(t *testing.T, open func(t testing.TB) Subject) {
	cases := []struct {
		name string
		test func(t *testing.T, w *World)
	}{
		{"payment reads back as it was written", paymentReadsBack},
		{"everything of a payment reads back", aggregateReadsBack},
		{"refund reads back and is guarded", refundReadsBack},
		{"a refund that the gateway took back", reversedRefund},
		{"dispute reads back and is guarded", disputeReadsBack},
		{"of simultaneous disputes one is stored", disputeIsStoredOnce},
		{"disputes by filter and due", disputesByFilter},
		{"references lead to payments", referencesLead},
		{"reads do not cross scopes", readsStayInScope},
		{"overdue payments and refunds", overdue},
		{"stale change is refused", staleIsRefused},
		{"of simultaneous changes one wins", oneChangeWins},
		{"same id twice is refused", existingIsRefused},
		{"simultaneous payments keep their merchant's balances", simultaneousBalances},
		{"canceled call writes nothing", canceledWritesNothing},

		{"balances are the sums of entries", balancesAreSums},
		{"unbalanced books are refused with the whole change", unbalancedIsRefused},
		{"a source is booked once", doubleBookingIsRefused},
		{"postings have a source of their payment", sourcesExist},
		{"the books are append only", appendOnly},
		{"the database refuses impossible amounts", impossibleAmounts},
		{"entries by filter and page", entryFilters},
		{"random histories keep the books", randomHistories},

		{"payments by page", paymentPages},
		{"movements by result and page", transactionPages},
		{"a presented card and its sighting are kept once", presentedIsKeptOnce},
		{"settings read back", settingsReadBack},
		{"payments by filter", paymentFilters},
		{"refunds and events by filter", refundAndEventFilters},

		{"card data is kept, erased and never comes back", cardIsErased},
		{"security codes expire", codesExpire},

		{"customer reads back and stays in scope", customerReadsBack},
		{"payment method is kept once", methodIsKept},
		{"payment method is refused", methodIsRefused},
		{"payment method is detached", methodIsDetached},
		{"payment method is looked after", methodIsLookedAfter},
		{"customer reference is forgotten", referenceIsForgotten},
		{"no detached method is a default", noDetachedDefault},
		{"payment method saved by a payment", methodSavedByPayment},

		{"a notification is kept once", notificationIsKeptOnce},
		{"of simultaneous notifications one is first", oneProcessKeeps},
		{"a notification is settled once", notificationIsSettledOnce},
		{"due and old notifications", notificationsDueAndOld},
		{"notifications by filter and page", notificationsByFilter},

		{"merchants and keys", keys},
		{"of simultaneous rotations one wins", oneRotationWins},

		{"gateway account reads back and stays in scope", accountReadsBack},
		{"of simultaneous changes of a gateway account one wins", accountIsGuarded},
		{"gateway accounts by preference and page", accountsByPreferenceAndPage},

		{"a slot is reserved once", slotIsReservedOnce},
		{"a request is taken over once", requestIsTakenOverOnce},
		{"a response is remembered until it expires", responseIsRemembered},

		{"risk rules read back and are guarded", rulesAreKept},
		{"of simultaneous replacements of rules one wins", oneReplacementWins},
		{"evidence reads back", evidenceReadsBack},
		{"sightings are counted in their window", sightingsAreCounted},
		{"no simultaneous attempt goes uncounted", noAttemptGoesUncounted},
		{"old sightings go", oldSightingsGo},

		{"exchange rates read back", ratesReadBack},
		{"quotes read back and stay in scope", quotesReadBack},
		{"of simultaneous payments one uses a quote", quoteIsUsedOnce},
		{"conversion reads back", conversionReadsBack},

		{"routing profiles read back and stay in scope", routingProfilesAreKept},
		{"of simultaneous default profiles one is", oneDefaultProfile},
		{"routing versions read back and are final", routingVersionsAreKept},
		{"simultaneous drafts are numbered", draftsAreNumbered},
		{"gateway health is shared", gatewayHealthIsShared},
		{"outcomes are shared and go", outcomesAreShared},
		{"declined attempts are counted", declinesAreCounted},

		{"webhook endpoint reads back and stays in scope", endpointReadsBack},
		{"of simultaneous changes of a webhook endpoint one wins", endpointIsGuarded},
		{"webhook endpoints are bounded", endpointsAreBounded},
		{"webhook endpoint is deleted", endpointIsDeleted},
		{"webhook deliveries by filter", deliveriesByFilter},
		{"webhook deliveries begin again", deliveriesBeginAgain},
		{"failed deliveries are replayed", failedAreReplayed},
		{"deliveries that wait are replayed", waitingAreReplayed},
		{"events of a range are replayed", rangesAreReplayed},
		{"rare types are found by replays", rareTypesAreFound},
		{"pauses are told to who asks", pausesAreTold},
		{"replays stop", replaysStop},
		{"events are addressed to those that ask", eventsAreAddressed},
		{"deliveries of one object keep their order", deliveriesKeepOrder},
		{"delivery ids keep their order", idsKeepOrder},
		{"paused endpoints wait", pausedEndpointsWait},
		{"refused changes tell nothing", refusedChangesTellNothing},
		{"a test goes to one endpoint", testsGoToOneEndpoint},
		{"deliveries are claimed fairly", claimsAreFair},
		{"deliveries are claimed in order", claimsKeepOrder},
		{"claims are kept by those who have them", claimsAreKept},
		{"of simultaneous claims each delivery has one", claimsAreNotShared},
		{"unhealthy endpoints are probed", unhealthyEndpointsAreProbed},
		{"results are recorded once", resultsAreRecordedOnce},
		{"last attempts are as their deliveries were read", lastAttemptsAreAsRead},
		{"deliveries are read with their events", deliveriesAreReadWithTheirEvents},
		{"dead endpoints are disabled", deadEndpointsAreDisabled},
		{"outdated answers tell nothing of an endpoint", outdatedTellNothing},
		{"what was not sent tells nothing of an endpoint", unsentTellNothing},
		{"lost retries are found", lostRetriesAreFound},
		{"old events go", oldEventsGo},
		{"deliveries without their event fail", forgottenDeliveriesFail},
		{"webhooks run together", webhooksRunTogether},
		{"a poll of a large backlog is quick", pollsAreQuick},
		{"one object's deliveries hold no poll up", oneObjectIsQuick},
		{"late deliveries are no probe", lateAreNoProbe},
		{"a broken endpoint keeps nothing from others", brokenEndpointsAreSkipped},
		{"the end of a pause rewrites nothing", pausesEndWithoutRewriting},
		{"a deleted endpoint's backlog is canceled in batches", deletedAreCanceled},
		{"a held endpoint holds no results up", heldEndpointsHoldNothing},
		{"replayed events keep their order", replaysKeepOrder},

		{"notices by page", noticesByPage},
		{"notices are mailed in turns", noticesAreMailedInTurns},
		{"mails are counted", mailsAreCounted},

		{"migrations go down and up again", migrationsGoBothWays},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if !alone[c.name] {
				t.Parallel()
			}
			c.test(t, NewWorld(t, open(t)))
		})
	}
}

// World is a database with a merchant in it, and a clock.
type World struct {
	Subject
	Clock    *clock.Manual
	Payments store.Payments
	Scope    merchant.Scope

	endpointID string // of the last webhook endpoint
}

// NewWorld prepares a fresh database.
func NewWorld(t testing.TB, s Subject) *World {
	w := &World{
		Subject: s, Payments: s.Store.Payments(),
		// a time with microseconds that end in zero, which text must not shorten
		Clock: clock.NewManual(time.Date(2026, 3, 1, 12, 0, 0, 120_000, time.UTC)),
	}
	w.Scope = w.NewMerchant(t)
	return w
}

// On is the world in a copy of its database, with a clock of its own.
func (w *World) On(s Subject) *World {
	own := *w
	own.Subject, own.Payments, own.Clock = s, s.Store.Payments(), clock.NewManual(w.Clock.Now())
	return &own
}

// NewMerchant stores a merchant and returns its sandbox.
func (w *World) NewMerchant(t testing.TB) merchant.Scope {
	m := merchant.Merchant{ID: id.New(id.Merchant), Name: "Ærø Books", CreatedAt: w.now()}
	require.NoError(t, w.Store.Merchants().CreateMerchant(ctx, m))
	return merchant.Scope{MerchantID: m.ID, Environment: merchant.Sandbox}
}

var ctx = context.Background()

// now is a new time with each call, so that mixed-up times show.
func (w *World) now() time.Time {
	w.Clock.Advance(time.Millisecond)
	return w.Clock.Now()
}

// Wanted is an ordinary payment that a test may change before it is opened.
func (w *World) Wanted() payment.New {
	return payment.New{
		ID: id.New(id.Payment), Scope: w.Scope, Amount: 5000, Currency: "USD", CaptureMethod: payment.CaptureAutomatic, Routing: "auto",
	}
}

// Opened makes the change that creates a payment.
func (w *World) Opened(t testing.TB, n payment.New) payment.Change {
	c, err := payment.Open(n, w.now())
	require.NoError(t, err)
	return c
}

// Begun makes the change that confirms a payment with a new card.
func (w *World) Begun(t testing.TB, p payment.Intent) payment.Change {
	conf := payment.Confirmation{OperationID: id.NewSuffix(), CardToken: id.New(id.VaultCard), Card: summary}
	c, err := p.BeginAttempt(conf, routing.Decision{Strategy: routing.Named, At: w.now(), Choices: []routing.Choice{{Gateway: "stripe"}}}, allowed, w.now())
	require.NoError(t, err)
	card := w.card(conf.CardToken)
	c.Card = &card
	return c
}

// Captured makes the change that records a successful sale or authorization,
// with a fee of 175 when something was captured.
func (w *World) Captured(t testing.TB, a payment.Aggregate) payment.Change {
	fee := money.New(175, a.Intent.Currency)
	c, err := a.Intent.RecordAuthorization(*a.Attempt, *a.Transaction, payment.Outcome{
		Class: payment.OutcomeSucceeded, Amount: a.Transaction.Amount, GatewayReference: "pi_remote",
		TransactionReference: "ch_remote", Fee: &fee, Settled: &fee,
	}, w.now())
	require.NoError(t, err)
	return c
}

// Insert stores a new payment.
func (w *World) Insert(t testing.TB, n payment.New) payment.Intent {
	c := w.Opened(t, n)
	require.NoError(t, w.Payments.Insert(ctx, c))
	return c.Intent
}

// Apply stores a change and returns what is there then.
func (w *World) Apply(t testing.TB, c payment.Change) payment.Aggregate {
	require.NoError(t, w.Payments.Apply(ctx, c))
	return w.load(t, c.Intent.ID)
}

// Sold stores a payment that was captured.
func (w *World) Sold(t testing.TB, n payment.New) payment.Aggregate {
	a := w.Apply(t, w.Begun(t, w.Insert(t, n)))
	captured := w.Captured(t, a)
	w.Apply(t, captured)
	return payment.Aggregate{Intent: captured.Intent, Attempt: captured.Attempt, Transaction: captured.Transaction}
}

// refunding makes the change that opens a refund.
func (w *World) refunding(t testing.TB, a payment.Aggregate, amount int64) payment.Change {
	c, err := a.Intent.OpenRefund(*a.Attempt, payment.NewRefund{ID: id.New(id.Refund), Amount: amount, Reason: "duplicate"}, w.now())
	require.NoError(t, err)
	return c
}

func (w *World) load(t testing.TB, paymentID string) payment.Aggregate {
	a, err := w.Payments.Load(ctx, paymentID)
	require.NoError(t, err)
	return a
}

// allowed is the judgment of an attempt that may pass.
var allowed = risk.Assessment{Score: 10, Action: risk.Allow, Reasons: []risk.Reason{{Rule: "a_rule", Points: 10, Text: "because"}}}

var summary = payment.CardSummary{Brand: "visa", BIN: "42424242", Last4: "4242", ExpMonth: 12, ExpYear: 2030, Fingerprint: "f00d"}

func (w *World) card(token string) vault.Record {
	return vault.Record{
		Token: token, Scope: w.Scope, KeyVersion: 3, Sealed: []byte{0, 1, 2, 0xff}, SealedCVC: []byte{9, 0, 9},
		Fingerprint: "f00d", Brand: "visa", BIN: "42424242", Last4: "4242", ExpMonth: 12, ExpYear: 2030, CreatedAt: w.now(),
	}
}

// count counts rows behind the store.
func (w *World) count(t testing.TB, table string) int {
	var n int
	require.NoError(t, w.SQL.QueryRow("SELECT count(*) FROM "+table).Scan(&n))
	return n
}
