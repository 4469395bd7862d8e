package verify_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/payment"
	"paymenthub/internal/store"
	"paymenthub/internal/verify"
)

// broken is a way to break a rule.
type broken struct {
	rule   verify.Rule
	also   []verify.Rule // that cannot but break with it
	damage func(w *town)
}

func (w *town) id(name string) string { return w.named[name].Intent.ID }

// set writes columns of the named payment.
func (w *town) set(name, columns string) {
	w.force(fmt.Sprintf("UPDATE payment_intents SET %s WHERE id = '%s'", columns, w.id(name)))
}

func (w *town) setAttempt(name, columns string) {
	w.force(fmt.Sprintf("UPDATE payment_attempts SET %s WHERE payment_id = '%s'", columns, w.id(name)))
}

func (w *town) setTransaction(name, where, columns string) {
	w.force(fmt.Sprintf("UPDATE payment_transactions SET %s WHERE payment_id = '%s' AND %s", columns, w.id(name), where))
}

// ago is a time before now, in quotes.
func (w *town) ago(d time.Duration) string {
	return "'" + w.Clock.Now().Add(-d).Format("2006-01-02T15:04:05.000000Z") + "'"
}

func (w *town) blob() string {
	if w.Store.Dialect() == store.Postgres {
		return `'\x00'`
	}
	return "x'00'"
}

func (w *town) setDispute(name, columns string) {
	w.force(fmt.Sprintf("UPDATE disputes SET %s WHERE id = '%s'", columns, w.disputes[name].ID))
}

// untell removes an event of the named payment's dispute.
func (w *town) untell(kind, name string) {
	w.force(fmt.Sprintf("DELETE FROM events WHERE type = '%s' AND object_id = '%s'", kind, w.disputes[name].ID))
}

// unbook removes a payment's ledger transactions of a kind, balances and all.
func (w *town) unbook(kind, paymentID string) {
	of := fmt.Sprintf("SELECT id FROM ledger_transactions WHERE kind = '%s' AND payment_id = '%s'", kind, paymentID)
	w.force("UPDATE ledger_accounts SET balance = balance - coalesce((SELECT sum(e.amount) FROM ledger_entries e WHERE e.transaction_id IN ("+of+
		") AND e.merchant_id = ledger_accounts.merchant_id AND e.environment = ledger_accounts.environment "+
		"AND e.currency = ledger_accounts.currency AND e.account = ledger_accounts.account), 0)",
		"DELETE FROM ledger_entries WHERE transaction_id IN ("+of+")", "DELETE FROM ledger_transactions WHERE id IN ("+of+")")
}

func (w *town) balance(account string, by int) string {
	return fmt.Sprintf("UPDATE ledger_accounts SET balance = balance + (%d) WHERE account = '%s' AND currency = 'USD'", by, account)
}

var ways = []broken{
	{
		rule: verify.AmountsWithinLimits, also: []verify.Rule{verify.ProviderChargeAgrees},
		damage: func(w *town) { w.set("sold", "amount = amount_captured - 1") },
	},
	{rule: verify.AmountsMatchStatus, damage: func(w *town) { w.setAttempt("capturing", "status = 'pending'") }},
	{rule: verify.TerminalIsFinal, damage: func(w *town) { w.set("sold", "due_at = expires_at") }},
	{rule: verify.TerminalIsFinal, damage: func(w *town) { w.set("new", "due_at = NULL") }},
	{rule: verify.PendingCall, damage: func(w *town) { w.set("processing", "pending_transaction = ''") }},
	{rule: verify.PendingCall, damage: func(w *town) { w.set("acting", "pending_transaction = 'txn_other'") }},
	{rule: verify.AttemptsAddUp, damage: func(w *town) { w.set("sold", "attempts = attempts + 1") }},
	{rule: verify.FailoverLawful, damage: func(w *town) { w.set("taken elsewhere", "failovers = 0") }},
	{rule: verify.FailoverLawful, damage: func(w *town) { w.setAttempt("taken elsewhere", "gateway = 'stripe'") }},
	{rule: verify.FailoverLawful, damage: func(w *town) { w.setAttempt("taken elsewhere", "card_token = id") }},
	{rule: verify.FailoverLawful, damage: func(w *town) {
		w.force(fmt.Sprintf(`UPDATE payment_attempts SET decline = '{"code":"insufficient_funds"}' WHERE payment_id = '%s' AND decline IS NOT NULL`, w.id("taken elsewhere")))
	}},
	{rule: verify.TransactionOwner, damage: func(w *town) { w.setTransaction("sold", "kind = 'sale'", "environment = 'live'") }},
	{rule: verify.RiskRefusal, damage: func(w *town) { w.setAttempt("sold", `risk = '{"score":90,"action":"decline"}'`) }},
	{rule: verify.AttemptsAddUp, damage: func(w *town) { w.set("second try", "current_attempt_id = ''") }},
	{rule: verify.IdempotencyKeys, damage: func(w *town) { w.setTransaction("processing", "kind = 'sale'", "idempotency_key = ''") }},
	{rule: verify.ExpiryKept, damage: func(w *town) { w.set("new", "expires_at = "+w.ago(11*time.Minute)) }},
	{rule: verify.ExpiryKept, damage: func(w *town) { w.set("authorized", "authorized_until = "+w.ago(11*time.Minute)) }},
	{rule: verify.LookedAfter, damage: func(w *town) { w.set("processing", "due_at = "+w.ago(31*time.Minute)) }},
	{rule: verify.LookedAfter, damage: func(w *town) {
		w.force(fmt.Sprintf("UPDATE refunds SET due_at = %s WHERE status = 'pending'", w.ago(31*time.Minute)))
	}},
	{
		rule: verify.OneCharge, also: []verify.Rule{verify.DeclineEvidence, verify.LedgerPostings, verify.PaymentEvents},
		damage: func(w *town) { w.setTransaction("second try", "status = 'declined'", "status = 'succeeded'") },
	},
	{rule: verify.CaptureEvidence, damage: func(w *town) { w.setTransaction("captured", "kind = 'capture'", "gateway_reference = ''") }},
	{rule: verify.ReleaseEvidence, damage: func(w *town) { w.setTransaction("released", "kind = 'void'", "reason = 'expired'") }},
	{
		rule: verify.ReleaseEvidence, also: []verify.Rule{verify.LedgerPostings},
		damage: func(w *town) {
			w.setTransaction("held too long", "kind = 'void'", "kind = 'capture', status = 'declined', decline = '{}'")
		},
	},
	{rule: verify.DeclineEvidence, damage: func(w *town) { w.setAttempt("failed", "decline = NULL") }},
	{rule: verify.DeclineEvidence, damage: func(w *town) { w.setTransaction("sold", "kind = 'sale'", "absent_at = created_at") }},
	{rule: verify.RefundSums, damage: func(w *town) { w.set("refunded", "amount_refund_pending = amount_refund_pending + 1") }},
	{rule: verify.RefundEvidence, damage: func(w *town) {
		w.setTransaction("refunded", "kind = 'refund' AND status = 'succeeded'", "gateway_reference = ''")
	}},
	{
		rule: verify.RefundEvidence, also: []verify.Rule{verify.RefundEvents, verify.LedgerPostings, verify.ProviderRefundAgrees},
		damage: func(w *town) {
			w.force(fmt.Sprintf("UPDATE refunds SET reversed_at = created_at WHERE id = '%s'", w.refunds[payment.RefundFailed].ID))
		},
	},
	{
		rule: verify.RefundEvents, also: []verify.Rule{verify.LedgerPostings},
		damage: func(w *town) { w.force("UPDATE refunds SET reversed_at = NULL WHERE id = '" + w.reversed.ID + "'") },
	},
	{rule: verify.LedgerBalanced, also: []verify.Rule{verify.LedgerMatchesPayment}, damage: func(w *town) {
		w.force("UPDATE ledger_entries SET amount = amount - 1 WHERE account = 'gateway_receivable' AND amount < 0 AND transaction_id IN "+
			"(SELECT id FROM ledger_transactions WHERE kind = 'fee_charged' AND payment_id = '"+w.id("sold")+"')", w.balance("gateway_receivable", -1))
	}},
	{rule: verify.LedgerAccounts, damage: func(w *town) { w.force(w.balance("sales", 1)) }},
	{rule: verify.LedgerMatchesPayment, damage: func(w *town) {
		in := " AND transaction_id IN (SELECT id FROM ledger_transactions WHERE kind = 'captured') AND payment_id = '" + w.id("sold") + "'"
		w.force("UPDATE ledger_entries SET amount = amount - 1 WHERE account = 'sales'"+in, w.balance("sales", -1),
			"UPDATE ledger_entries SET amount = amount + 1 WHERE account = 'gateway_receivable'"+in, w.balance("gateway_receivable", 1))
	}},
	{rule: verify.LedgerPostings, damage: func(w *town) {
		p := w.named["declined"].Intent
		row := fmt.Sprintf("'%s', '%s'", p.Scope.MerchantID, p.Scope.Environment)
		w.force(fmt.Sprintf(`INSERT INTO ledger_transactions (id, merchant_id, environment, kind, payment_id, source_id, created_at)
				SELECT 'ltx_forged', %s, 'fee_charged', payment_id, id, created_at FROM payment_transactions WHERE payment_id = '%s'`, row, p.ID),
			fmt.Sprintf(`INSERT INTO ledger_entries (id, transaction_id, merchant_id, environment, currency, account, payment_id, amount)
				VALUES ('len_forged1', 'ltx_forged', %s, 'USD', 'gateway_fees', '%s', 1), ('len_forged2', 'ltx_forged', %[1]s, 'USD', 'gateway_receivable', '%[2]s', -1)`, row, p.ID),
			w.balance("gateway_fees", 1), w.balance("gateway_receivable", -1))
	}},
	{
		rule: verify.LedgerPostings, also: []verify.Rule{verify.LedgerMatchesPayment},
		damage: func(w *town) { w.unbook("refund_reversed", w.id("refunded")) },
	},
	{
		rule: verify.LedgerPostings, also: []verify.Rule{verify.LedgerMatchesPayment},
		damage: func(w *town) { w.unbook("dispute_withdrawn", w.id("disputed")) },
	},
	{
		rule: verify.LedgerPostings, also: []verify.Rule{verify.LedgerMatchesPayment},
		damage: func(w *town) { w.unbook("dispute_reinstated", w.id("dispute won")) },
	},
	{
		rule: verify.LedgerPostings, also: []verify.Rule{verify.DisputeEvidence, verify.LedgerMatchesPayment, verify.ProviderDisputeAgrees},
		damage: func(w *town) { w.setDispute("inquiry", "withdrawn = TRUE") },
	},
	{rule: verify.LedgerMatchesPayment, damage: func(w *town) {
		w.force("UPDATE ledger_entries SET account = 'sales' WHERE account = 'gateway_fees' AND transaction_id IN "+
			"(SELECT id FROM ledger_transactions WHERE kind = 'dispute_fee_charged' AND payment_id = '"+w.id("dispute lost")+"')",
			w.balance("gateway_fees", -1500), w.balance("sales", 1500))
	}},
	{rule: verify.DisputeEvidence, damage: func(w *town) { w.setDispute("disputed", "due_at = NULL") }},
	{rule: verify.DisputeEvidence, damage: func(w *town) { w.setDispute("dispute lost", "due_at = created_at") }},
	{
		rule: verify.DisputeEvidence, also: []verify.Rule{verify.ProviderDisputeKnown},
		damage: func(w *town) { w.setDispute("disputed", "gateway = 'connect'") },
	},
	{
		rule: verify.DisputeEvidence, also: []verify.Rule{verify.LedgerMatchesPayment, verify.ProviderDisputeAgrees},
		damage: func(w *town) { w.setDispute("disputed", "amount = 5001") },
	},
	{
		rule: verify.DisputeEvidence, also: []verify.Rule{
			verify.LedgerMatchesPayment, verify.LedgerPostings, verify.EventOwner, verify.ProviderDisputeKnown,
		},
		damage: func(w *town) { w.setDispute("disputed", "environment = 'live'") },
	},
	{rule: verify.LookedAfter, damage: func(w *town) { w.setDispute("disputed", "due_at = "+w.ago(31*time.Minute)) }},
	{rule: verify.DisputeEvents, damage: func(w *town) { w.untell("dispute.created", "disputed") }},
	{rule: verify.DisputeEvents, damage: func(w *town) { w.untell("dispute.updated", "disputed") }},
	{rule: verify.DisputeEvents, damage: func(w *town) { w.untell("dispute.closed", "dispute won") }},
	{rule: verify.DisputeEvents, damage: func(w *town) {
		w.force("INSERT INTO events (id, merchant_id, environment, type, object_id, object, created_at) SELECT id || n, merchant_id, environment, " +
			"type, object_id, object, created_at FROM events, (SELECT 'a' AS n UNION ALL SELECT 'b') AS twice WHERE type = 'dispute.closed' AND object_id = '" +
			w.disputes["dispute won"].ID + "'")
	}},
	{rule: verify.EventOwner, damage: func(w *town) {
		w.force("INSERT INTO events (id, merchant_id, environment, type, object_id, object, created_at) SELECT id, merchant_id, 'live', type, " +
			"object_id, object, created_at FROM events WHERE type = 'dispute.created' AND object_id = '" + w.disputes["disputed"].ID + "'")
	}},
	{rule: verify.LookedAfter, damage: func(w *town) {
		w.force("UPDATE gateway_notifications SET due_at = " + w.ago(31*time.Minute) + " WHERE status = 'received'")
	}},
	{rule: verify.LookedAfter, damage: func(w *town) {
		w.force("UPDATE gateway_notifications SET due_at = NULL WHERE status = 'received'")
	}},
	{rule: verify.NotificationOwner, damage: func(w *town) {
		w.force("UPDATE gateway_notifications SET payment_id = '' WHERE status = 'applied'")
	}},
	{rule: verify.NotificationOwner, damage: func(w *town) {
		w.force("UPDATE gateway_notifications SET environment = 'live' WHERE status = 'applied'")
	}},
	{rule: verify.PaymentEvents, damage: func(w *town) {
		w.force("DELETE FROM events WHERE type = 'payment_intent.created' AND object_id = '" + w.id("sold") + "'")
	}},
	{rule: verify.RefundEvents, damage: func(w *town) { w.force("DELETE FROM events WHERE type = 'refund.completed'") }},
	{rule: verify.EventOwner, damage: func(w *town) {
		w.force("INSERT INTO events (id, merchant_id, environment, type, object_id, object, created_at) SELECT id, merchant_id, 'live', type, " +
			"object_id, object, created_at FROM events WHERE type = 'payment_intent.created' AND object_id = '" + w.id("sold") + "'")
	}},
	{rule: verify.EventOwner, damage: func(w *town) {
		w.force(`UPDATE events SET object = '{"id":"` + w.id("sold") + `","scope":{"merchant_id":"mch_other","environment":"sandbox"}}' ` +
			"WHERE type = 'payment_intent.created' AND object_id = '" + w.id("sold") + "'")
	}},
	{rule: verify.CardErased, damage: func(w *town) {
		w.force(fmt.Sprintf("UPDATE vault_cards SET sealed = %s WHERE token = '%s'", w.blob(), w.named["acting"].Attempt.CardToken))
	}},
	{rule: verify.SecurityCodeErased, damage: func(w *town) {
		w.force(fmt.Sprintf("UPDATE vault_cards SET created_at = %s WHERE token = '%s'", w.ago(71*time.Minute), w.named["processing"].Attempt.CardToken))
	}},
	{rule: verify.ProviderChargeKnown, damage: func(w *town) {
		w.record.charges = append(w.record.charges, w.record.chargeOf(w.named["sold"]).with("id", "ch_foreign").with("metadata", row{}))
	}},
	{rule: verify.ProviderChargeKnown, damage: func(w *town) {
		w.record.charges = append(w.record.charges, w.record.chargeOf(w.named["sold"]).with("id", "ch_foreign").with("metadata", row{"payment_id": "pi_other"}))
	}},
	{rule: verify.ProviderOneCharge, damage: func(w *town) {
		w.record.charges = append(w.record.charges, w.record.chargeOf(w.named["sold"]).with("id", "ch_again"))
	}},
	{rule: verify.ProviderChargePresent, damage: func(w *town) {
		w.record.change(w.named["authorized"], func(row) row { return nil })
	}},
	{rule: verify.ProviderChargeAgrees, damage: func(w *town) {
		w.record.change(w.named["captured"], func(c row) row { return c.with("amount_captured", 3001) })
	}},
	{rule: verify.ProviderChargeAgrees, damage: func(w *town) {
		w.record.change(w.named["released"], func(c row) row { return c.with("status", "authorized") })
	}},
	{rule: verify.ProviderChargeAgrees, damage: func(w *town) {
		w.record.change(w.named["sold"], func(c row) row { return c.with("currency", "eur") })
	}},
	{rule: verify.ProviderChargeAgrees, damage: func(w *town) {
		w.record.change(w.named["sold"], func(c row) row {
			return c.with("metadata", metadataOf(payment.Intent{ID: w.id("sold"), Scope: w.Scope}).with("environment", "live"))
		})
	}},
	{rule: verify.ProviderRefundKnown, damage: func(w *town) {
		w.record.refunds = append(w.record.refunds, w.record.refunds[0].with("metadata", row{"payment_id": w.id("refunded"), "refund_id": "rf_other"}))
	}},
	{rule: verify.ProviderRefundAgrees, damage: func(w *town) {
		w.record.change(w.named["refunded"], func(c row) row { return c.with("amount_refunded", 999) })
	}},
	{rule: verify.ProviderRefundAgrees, damage: func(w *town) { w.record.refunds = nil }},
	{rule: verify.ProviderRefundAgrees, damage: func(w *town) { // a refund that was taken back
		w.record.refunds[len(w.record.refunds)-1]["status"] = "succeeded"
	}},
	{rule: verify.ProviderRefundAgrees, damage: func(w *town) { // one that the hub still takes for settled
		w.record.refunds[0]["status"] = "failed"
	}},
	{rule: verify.ProviderRefundAgrees, damage: func(w *town) {
		failed := w.refunds[payment.RefundFailed]
		w.record.refunds = append(w.record.refunds, w.record.refunds[0].with("id", "re_late").with("status", "pending").with("amount", failed.Amount).
			with("metadata", row{"payment_id": failed.PaymentID, "refund_id": failed.ID}))
	}},
	{rule: verify.ProviderDisputeKnown, damage: func(w *town) {
		w.record.disputes = append(w.record.disputes, w.record.disputes[0].with("id", "du_other"))
	}},
	{rule: verify.ProviderDisputeKnown, damage: func(w *town) {
		w.record.disputes = append(w.record.disputes, w.record.disputes[0].with("id", "du_other").with("charge", "ch_none"))
	}},
	{rule: verify.ProviderDisputeKnown, also: []verify.Rule{verify.ProviderChargeKnown}, damage: func(w *town) {
		w.record.charges = append(w.record.charges, w.record.charges[0].with("id", "ch_foreign").with("metadata", row{"payment_id": "pi_other"}))
		w.record.disputes = append(w.record.disputes, w.record.disputes[0].with("id", "du_other").with("charge", "ch_foreign"))
	}},
	{rule: verify.ProviderDisputeAgrees, damage: func(w *town) { w.changeDispute("disputed", "status", "lost") }},
	{rule: verify.ProviderDisputeAgrees, damage: func(w *town) { w.changeDispute("disputed", "amount", 1201) }},
	{rule: verify.ProviderDisputeAgrees, damage: func(w *town) { w.changeDispute("dispute won", "withdrawn", 1200) }},
	{rule: verify.ProviderDisputeAgrees, damage: func(w *town) { w.record.disputes = nil }},
	{rule: verify.DefaultMethod, damage: func(w *town) {
		w.force(fmt.Sprintf("UPDATE customers SET default_payment_method = '%s' WHERE id = '%s'", w.forgotten.ID, w.saved.CustomerID))
	}},
	{rule: verify.DefaultMethod, damage: func(w *town) {
		w.force(fmt.Sprintf("UPDATE payment_methods SET environment = 'live' WHERE id = '%s'", w.saved.ID))
	}},
	{rule: verify.LookedAfter, damage: func(w *town) {
		w.force(fmt.Sprintf("UPDATE payment_methods SET forgotten_at = NULL, due_at = %s WHERE id = '%s'", w.ago(31*time.Minute), w.forgotten.ID))
	}},
	{rule: verify.LookedAfter, damage: func(w *town) {
		w.force(fmt.Sprintf("UPDATE payment_methods SET forgotten_at = NULL WHERE id = '%s'", w.forgotten.ID))
	}},
	{rule: verify.LookedAfter, damage: func(w *town) {
		w.force(fmt.Sprintf("UPDATE payment_methods SET status = 'pending', due_at = %s WHERE id = '%s'", w.ago(31*time.Minute), w.OpenMethod(w.t, w.NewCustomer(w.t)).ID))
	}},
	{rule: verify.ProviderMethodKept, damage: func(w *town) { w.record.methods = w.record.methods[1:] }},
	{rule: verify.ProviderMethodKept, damage: func(w *town) { w.record.methods[0]["customer"] = "cus_elsewhere" }},
	{rule: verify.ProviderMethodKept, damage: func(w *town) { w.record.methods[0]["customer"] = "" }},
	{rule: verify.ProviderMethodKept, damage: func(w *town) { w.record.methods[1]["customer"] = w.forgotten.GatewayCustomer }},
}

// TestEveryRuleFires breaks one thing at a time.
func TestEveryRuleFires(t *testing.T) {
	for database, townIn := range databases {
		t.Run(database, func(t *testing.T) {
			for i, way := range allWays() {
				t.Run(fmt.Sprintf("%02d %s", i, way.rule), func(t *testing.T) {
					t.Parallel()
					w := townIn(t)
					way.damage(w)
					report := w.verified(w.record.serve(t, nil))
					require.ElementsMatch(t, append([]verify.Rule{way.rule}, way.also...), rulesOf(report), "%+v", report.Violations)
					for _, v := range report.Violations {
						require.NotEmpty(t, v.ObjectID)
						require.NotContains(t, v.Message, "%!", "a message with a wrong verb")
					}
				})
			}
		})
	}
}

// TestEveryRuleHasATest keeps the table, the checks and the tests together.
func TestEveryRuleHasATest(t *testing.T) {
	tested := map[verify.Rule]bool{}
	for _, way := range allWays() {
		tested[way.rule] = true
	}
	for _, d := range verify.Rules {
		require.True(t, tested[d.Rule], "no test breaks %s", d.Rule)
		require.NotEmpty(t, d.Protects)
		delete(tested, d.Rule)
	}
	require.Empty(t, tested, "rules that the table does not have")
}

// TestHealthyIsClean checks that no rule fires without cause, and that every
// rule was held against something.
func TestHealthyIsClean(t *testing.T) {
	for database, townIn := range databases {
		t.Run(database, func(t *testing.T) {
			t.Parallel()
			w := townIn(t)
			report := w.verified(w.record.serve(t, nil))
			require.Empty(t, report.Violations)
			require.Zero(t, report.Total)
			require.EqualValues(t, len(w.named), report.Payments)
			require.EqualValues(t, len(w.record.charges), report.Charges)
			require.EqualValues(t, len(w.record.refunds), report.Refunds)
			require.EqualValues(t, len(w.record.disputes), report.Disputes)
			require.Equal(t, verify.NeedsOperator{Notifications: 1}, report.NeedsOperator)
			require.EqualValues(t, 3, report.Unsettled, "processing, capturing, giving up acting")
			for _, d := range verify.Rules {
				require.NotZero(t, report.Checked[d.Rule], d.Rule)
			}
			require.Empty(t, w.verified().Violations, "without a witness")
		})
	}
}
