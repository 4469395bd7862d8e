package chaos

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// answered is an answer of the hub's about a payment.
func answered(step int, act Act, key string, status int, p Intent) Told {
	raw, _ := json.Marshal(p)
	return Told{
		Step: step, Act: act, Key: key, Method: http.MethodPost, Path: intentsPath + "/" + p.ID, Status: status,
		BeganAt: int64(10 * step), EndedAt: int64(10*step + 5), Raw: raw, Intent: &p,
	}
}

// history is what a world looks like in which every promise held: a payment in
// one call, refunded in part; one held and captured in part; one canceled; one
// declined; one disputed.
func history() Evidence {
	paid := Intent{ID: "pi_paid", Status: succeeded, Amount: 1000, Currency: "EUR", CaptureMethod: "automatic", AmountCaptured: 1000}
	held := Intent{ID: "pi_held", Status: requiresCapture, Amount: 900, Currency: "EUR", CaptureMethod: "manual", AmountCapturable: 900}
	taken := Intent{ID: "pi_held", Status: succeeded, Amount: 900, Currency: "EUR", CaptureMethod: "manual", AmountCaptured: 400}
	open := Intent{ID: "pi_gone", Status: requiresConfirmation, Amount: 700, Currency: "EUR", CaptureMethod: "automatic"}
	gone := open
	gone.Status = canceled
	refused := Intent{ID: "pi_refused", Status: requiresPaymentMethod, Amount: 600, Currency: "EUR", CaptureMethod: "automatic"}
	disputed := Intent{ID: "pi_disputed", Status: succeeded, Amount: 500, Currency: "EUR", CaptureMethod: "automatic", AmountCaptured: 500}
	back := Refund{ID: "rf_1", Status: pending, IntentID: "pi_paid", Amount: 300, Currency: "EUR"}

	capture := answered(3, ActCapture, "capture", 200, taken)
	capture.Asked = 400
	refund := Told{Step: 8, Act: ActRefund, Key: "refund", Path: refundsPath, Status: 200, BeganAt: 80, EndedAt: 85, Asked: 300, Raw: []byte(`{"id":"rf_1"}`), Refund: &back}
	e := Evidence{Told: []Told{
		answered(1, ActPay, "pay", 200, paid), answered(2, ActPay, "hold", 200, held), capture,
		answered(4, ActCreate, "open", 200, open), answered(5, ActCancel, "cancel", 200, gone),
		answered(6, ActPay, "refused", 402, refused), answered(7, ActPay, "disputed", 200, disputed), refund,
	}}
	paid.AmountRefunded, back.Status = 300, succeeded
	e.Intents[0] = []Intent{paid, taken, gone}
	e.Intents[1] = []Intent{refused, disputed}
	e.Refunds[0] = []Refund{back}
	e.Disputes[1] = []Dispute{{ID: "dp_1", IntentID: "pi_disputed", Amount: 500, Currency: "EUR", Reference: "du_1", Withdrawn: true}}
	e.Charges = []Charge{
		{ID: "ch_1", Amount: 1000, Currency: "eur", Status: "partially_refunded", AmountCaptured: 1000, AmountRefunded: 300, Metadata: ours{PaymentID: "pi_paid"}},
		{ID: "ch_2", Amount: 900, Currency: "eur", Status: "captured", AmountCaptured: 400, Metadata: ours{PaymentID: "pi_held"}},
		{ID: "ch_3", Amount: 700, Currency: "eur", Status: chargeVoided, Metadata: ours{PaymentID: "pi_gone"}},
		{ID: "ch_4", Amount: 500, Currency: "eur", Status: "captured", AmountCaptured: 500, Metadata: ours{PaymentID: "pi_disputed"}},
	}
	e.Returns = []Return{{ID: "re_1", Amount: 300, Currency: "eur", Status: succeeded, Metadata: ours{PaymentID: "pi_paid", RefundID: "rf_1"}}}
	e.Complaints = []Complaint{{ID: "du_1", Charge: "ch_4", Amount: 500, Currency: "eur", Withdrawn: 500}}
	return e
}

func TestKeptPromisesAreNoViolations(t *testing.T) {
	require.Empty(t, Judge(history()))
}

// Each broken promise is caught, and by the rule that is there for it.
func TestBrokenPromisesAreFound(t *testing.T) {
	for _, test := range []struct {
		name, rule, object string
		breakIt            func(*Evidence)
	}{
		{"a request was answered in a way that the contract does not know", "answer", intentsPath + "/pi_paid", func(e *Evidence) { e.Told[0].Status = 404 }},
		{"a creation was refused", "answer", intentsPath + "/pi_gone", func(e *Evidence) { e.Told[3].Status, e.Told[3].Code = 409, "invalid_state" }},
		{"a key was taken for another request's", "answer", refundsPath, func(e *Evidence) { e.Told[7].Status, e.Told[7].Code = 409, "idempotency_conflict" }},
		{"a confirmation was not mentioned", "answer", "pi_paid", func(e *Evidence) { e.Told[0].Intent.Status = requiresConfirmation }},
		{"another amount was captured than was asked for", "answer", "pi_held", func(e *Evidence) { e.Told[2].Asked = 399 }},
		{"another amount was refunded than was asked for", "answer", "rf_1", func(e *Evidence) { e.Told[7].Asked = 299 }},
		{"a repeated request got another answer", "same_answer", intentsPath + "/pi_paid", func(e *Evidence) {
			again := e.Told[0]
			again.Raw = append(slices.Clone(again.Raw), ' ')
			e.Told = append(e.Told, again)
		}},
		{"a repeated request made another payment", "stranger", "pi_second", func(e *Evidence) {
			second := e.Intents[0][0]
			second.ID = "pi_second"
			e.Intents[0] = append(e.Intents[0], second)
		}},
		{"a payment went back", "backwards", "pi_held", func(e *Evidence) {
			late := answered(9, ActRead, "", 200, *e.Told[1].Intent)
			e.Told = append(e.Told, late)
		}},
		{"a payment is gone", "lost", "pi_gone", func(e *Evidence) { e.Intents[0] = e.Intents[0][:2] }},
		{"a refund is gone", "lost", "rf_1", func(e *Evidence) { e.Refunds[0] = nil }},
		{"a refund that nobody was told of", "stranger", "rf_2", func(e *Evidence) {
			e.Refunds[0] = append(e.Refunds[0], Refund{ID: "rf_2", Status: failed, IntentID: "pi_paid", Amount: 1})
		}},
		{"told succeeded, and canceled in the end", "promise", "pi_paid", func(e *Evidence) { e.Intents[0][0].Status = canceled }},
		{"told canceled, and succeeded in the end", "promise", "pi_gone", func(e *Evidence) { e.Intents[0][2].Status = succeeded }},
		{"told one captured amount, and another in the end", "promise", "pi_held", func(e *Evidence) { e.Intents[0][1].AmountCaptured = 500 }},
		{"another currency in the end", "promise", "pi_paid", func(e *Evidence) { e.Intents[0][0].Currency = "USD" }},
		{"a refund of another amount in the end", "promise", "rf_1", func(e *Evidence) { e.Refunds[0][0].Amount = 200 }},
		{"told processing, and still so", "unknown", "pi_refused", func(e *Evidence) { e.Intents[1][0].Status, e.Told[5].Intent.Status = processing, processing }},
		{"the shopper has answered, unheard", "unknown", "pi_refused", func(e *Evidence) { e.Intents[1][0].Status = requiresAction }},
		{"a refund is still pending", "unknown", "rf_1", func(e *Evidence) { e.Refunds[0][0].Status = pending }},
		{"told declined, and charged", "unasked", "pi_refused", func(e *Evidence) { e.Intents[1][0].Status, e.Intents[1][0].AmountCaptured = succeeded, 600 }},
		{"told declined, and held", "unasked", "pi_refused", func(e *Evidence) { e.Intents[1][0].Status = requiresCapture }},
		{"captured without a capture", "unasked", "pi_held", func(e *Evidence) { e.Told[2].Act = ActRead }},
		{"canceled, and nobody was told", "unasked", "pi_gone", func(e *Evidence) { e.Told = slices.Delete(e.Told, 4, 5) }},
		{"expired, with the clock as it was", "unasked", "pi_refused", func(e *Evidence) { e.Intents[1][0].Status = expired }},
		{"less was taken than the whole", "amount", "pi_paid", func(e *Evidence) { e.Intents[0][0].AmountCaptured, e.Told[0].Intent.AmountCaptured = 999, 999 }},
		{"the refunds are not what the payment says", "amount", "pi_paid", func(e *Evidence) { e.Intents[0][0].AmountRefunded = 0 }},
		{"the provider charged somebody else", "provider_stranger", "ch_9", func(e *Evidence) {
			e.Charges = append(e.Charges, Charge{ID: "ch_9", Status: "captured", Metadata: ours{PaymentID: "pi_nobody"}})
		}},
		{"charged twice", "charged_twice", "pi_paid", func(e *Evidence) {
			second := e.Charges[0]
			second.ID = "ch_9"
			e.Charges = append(e.Charges, second)
		}},
		{"told canceled, and held at the provider", "charged", "pi_gone", func(e *Evidence) { e.Charges[2].Status = chargeAuthorized }},
		{"told succeeded, and not charged", "not_charged", "pi_paid", func(e *Evidence) { e.Charges[0].Status = chargeVoided }},
		{"the provider took another amount", "provider_amount", "pi_held", func(e *Evidence) { e.Charges[1].AmountCaptured = 900 }},
		{"told captured, and only held", "provider_state", "pi_held", func(e *Evidence) { e.Charges[1].Status = chargeAuthorized }},
		{"the provider gave back for nothing", "provider_stranger", "re_9", func(e *Evidence) {
			e.Returns = append(e.Returns, Return{ID: "re_9", Status: succeeded})
		}},
		{"refunded twice at the provider", "provider_refund", "rf_1", func(e *Evidence) { e.Returns = append(e.Returns, e.Returns[0]) }},
		{"told refunded, and not given back", "provider_refund", "rf_1", func(e *Evidence) { e.Returns[0].Status = failed }},
		{"another amount was given back", "provider_amount", "rf_1", func(e *Evidence) { e.Returns[0].Amount = 301 }},
		{"a dispute that the hub does not know", "dispute", "du_1", func(e *Evidence) { e.Disputes[1] = nil }},
		{"a dispute that the provider does not know", "dispute", "dp_1", func(e *Evidence) { e.Complaints = nil }},
		{"a dispute that is there twice", "dispute", "dp_2", func(e *Evidence) {
			second := e.Disputes[1][0]
			second.ID = "dp_2"
			e.Disputes[1] = append(e.Disputes[1], second)
		}},
		{"a dispute of another amount", "dispute", "dp_1", func(e *Evidence) { e.Disputes[1][0].Amount = 499 }},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := history()
			test.breakIt(&e)
			found := Judge(e)
			require.True(t, slices.ContainsFunc(found, func(v Violation) bool { return v.Rule == test.rule && v.Object == test.object }), "%+v", found)
		})
	}
}

func TestExpiryNeedsAMovedClock(t *testing.T) {
	e := history()
	e.Intents[1][0].Status, e.ClockMoved = expired, true
	require.Empty(t, Judge(e))
}
