package verify

// Rule names one invariant.
type Rule string

// The invariants; Rules says what each protects.
const (
	AmountsWithinLimits   Rule = "amounts_within_limits"
	AmountsMatchStatus    Rule = "amounts_match_status"
	TerminalIsFinal       Rule = "terminal_is_final"
	PendingCall           Rule = "pending_call"
	AttemptsAddUp         Rule = "attempts_add_up"
	IdempotencyKeys       Rule = "idempotency_keys"
	TransactionOwner      Rule = "transaction_owner"
	FailoverLawful        Rule = "failover_lawful"
	RiskRefusal           Rule = "risk_refusal"
	ExpiryKept            Rule = "expiry_kept"
	LookedAfter           Rule = "looked_after"
	OneCharge             Rule = "one_charge"
	CaptureEvidence       Rule = "capture_evidence"
	ReleaseEvidence       Rule = "release_evidence"
	DeclineEvidence       Rule = "decline_evidence"
	RefundSums            Rule = "refund_sums"
	RefundEvidence        Rule = "refund_evidence"
	LedgerBalanced        Rule = "ledger_balanced"
	LedgerAccounts        Rule = "ledger_accounts"
	LedgerMatchesPayment  Rule = "ledger_matches_payment"
	LedgerPostings        Rule = "ledger_postings"
	FXQuote               Rule = "fx_quote"
	FXAgrees              Rule = "fx_agrees"
	PaymentEvents         Rule = "payment_events"
	RefundEvents          Rule = "refund_events"
	DisputeEvidence       Rule = "dispute_evidence"
	DisputeEvents         Rule = "dispute_events"
	EventOwner            Rule = "event_owner"
	DeliveryOfEvent       Rule = "delivery_of_event"
	DeliveryAttempts      Rule = "delivery_attempts"
	DeliveryComplete      Rule = "delivery_complete"
	CardErased            Rule = "card_erased"
	SecurityCodeErased    Rule = "security_code_erased"
	NotificationOwner     Rule = "notification_owner"
	DefaultMethod         Rule = "default_method"
	ProviderChargeKnown   Rule = "provider_charge_known"
	ProviderOneCharge     Rule = "provider_one_charge"
	ProviderChargePresent Rule = "provider_charge_present"
	ProviderChargeAgrees  Rule = "provider_charge_agrees"
	ProviderRefundKnown   Rule = "provider_refund_known"
	ProviderRefundAgrees  Rule = "provider_refund_agrees"
	ProviderDisputeKnown  Rule = "provider_dispute_known"
	ProviderDisputeAgrees Rule = "provider_dispute_agrees"
	ProviderMethodKept    Rule = "provider_method_kept"
)

// Description says in a sentence what a rule protects.
type Description struct {
	Rule     Rule
	Protects string
}

// Rules are all invariants, in the order in which they are reported.
var Rules = []Description{
	{AmountsWithinLimits, "No shopper is charged more than they agreed to, and no more is given back than was taken."},
	{AmountsMatchStatus, "An amount is held, taken or given back only in the states that say so."},
	{TerminalIsFinal, "A payment that is over has nothing under way, and one that is not over is always due for something."},
	{PendingCall, "A payment that waits for a gateway names the one call that it waits for, and no other call is left open."},
	{AttemptsAddUp, "Every attempt is on record, and together they explain the state that the payment is in."},
	{IdempotencyKeys, "Every gateway call has a key of its own, so that repeating it cannot move money twice."},
	{TransactionOwner, "A gateway call belongs to the merchant and environment that its payment belongs to."},
	{FailoverLawful, "Another gateway was tried only after a refusal that allows it, with the same card, and at most two more."},
	{RiskRefusal, "An attempt that was refused as too risky never reached a gateway."},
	{ExpiryKept, "No shopper's money stays held, and no intent stays open, past the time promised to them."},
	{LookedAfter, "Nothing that should have happened is half an hour late without anybody looking after it."},
	{OneCharge, "At most one attempt of a payment ever succeeds: nobody is charged twice."},
	{CaptureEvidence, "A payment counts as paid exactly when one capture of its amount has the provider's reference."},
	{ReleaseEvidence, "What was held for a payment that was given up has been released at the provider."},
	{DeclineEvidence, "A refusal is one that the provider gave, or a proof that it never carried the call out."},
	{RefundSums, "What a payment says was refunded, or is being refunded, is the sum of its refunds."},
	{RefundEvidence, "A refund is settled exactly when its gateway transaction is, with the provider's reference, and so was one that was taken back."},
	{DisputeEvidence, "A dispute is of money that was captured, has the payment's owner and currency, and an open one is always due for a look."},
	{LedgerBalanced, "Every ledger transaction sums to zero in each currency: no money appears or vanishes."},
	{LedgerAccounts, "Every account's balance is the sum of its entries."},
	{LedgerMatchesPayment, "The books hold for each payment what it says is held, captured and refunded."},
	{LedgerPostings, "Every movement of money is booked once, and nothing is booked that did not happen."},
	{FXQuote, "The rate of a converted payment is the one that its own merchant was quoted, and a quote for one amount is used once."},
	{FXAgrees, "A converted payment is booked at the rate that it was promised, with what the gateway settled as its result, and refunds take exactly their share back."},
	{PaymentEvents, "Merchants were told of every change of their payments, once."},
	{RefundEvents, "Merchants were told of every change of their refunds, once."},
	{DisputeEvents, "Merchants were told of every dispute, once, and of the state that it is in."},
	{EventOwner, "An event is told to the merchant and environment that its object belongs to, and to nobody else."},
	{DeliveryOfEvent, "A merchant's endpoint is sent that merchant's events, and nobody else's."},
	{DeliveryAttempts, "Every attempt to deliver an event is on record, and a delivery succeeded exactly when its last attempt was taken."},
	{DeliveryComplete, "Every event that an endpoint asks for is on its way to it, or was delivered."},
	{CardErased, "Card data is gone as soon as the gateway has answered."},
	{SecurityCodeErased, "No security code is kept for longer than an hour (PCI DSS 3.3.1)."},
	{NotificationOwner, "What a provider told unasked is applied to a payment of its own environment, and to no other."},
	{DefaultMethod, "A customer's default payment method is theirs, and can be paid with."},
	{ProviderChargeKnown, "The provider charged nobody without a payment of the hub."},
	{ProviderOneCharge, "The provider holds or took money at most once for a payment."},
	{ProviderChargePresent, "What the hub says is held or paid, the provider holds or took."},
	{ProviderChargeAgrees, "Provider and hub agree on a charge's state, amounts, currency and owner."},
	{ProviderRefundKnown, "The provider gave nothing back without a refund of the hub."},
	{ProviderRefundAgrees, "What the hub says was refunded, the provider gave back, and no more."},
	{ProviderDisputeKnown, "The provider has no dispute that the hub does not know."},
	{ProviderDisputeAgrees, "Provider and hub agree on a dispute's amount, currency, state and on whose its money is now."},
	{ProviderMethodKept, "The provider keeps the cards that can be paid with, and none that it was told to forget."},
}
