package chaos

// Card is a card of the plan, by what its issuer says; its number is never
// printed.
type Card string

// The cards.
const (
	Visa        Card = "visa"
	Mastercard  Card = "mastercard"
	Declined    Card = "declined"
	NoFunds     Card = "no funds"
	Challenged  Card = "3ds"
	RefundsLate Card = "refunds settle later"
	RefundsFail Card = "refunds fail later"
	Disputed    Card = "disputed"
	Inquired    Card = "inquired about"
)

// numbers are the provider's test cards.
var numbers = map[Card]string{
	Visa: "4242424242424242", Mastercard: "5555555555554444", Declined: "4000000000000002", NoFunds: "4000000000009995",
	Challenged: "4000002760003184", RefundsLate: "4000000000007726", RefundsFail: "4000000000005126", Disputed: "4000000000002685", Inquired: "4000000000001976",
}

// stories are the lives of payments, with how often each is told.
var stories = []struct {
	name   string
	weight int
	manual bool
	tell   func(p *planner, amount int64) []stage
}{
	{"paid at once", 14, false, func(p *planner, amount int64) []stage {
		return p.maybeRefunded(amount, stage{{Act: ActPay, Card: pick(p, Visa, Mastercard)}})
	}},
	{"declined, then another card", 8, false, func(p *planner, _ int64) []stage {
		refused := stage{{Act: ActPay, Card: pick(p, Declined, NoFunds)}}
		if p.chance(40) {
			return []stage{refused}
		}
		return []stage{refused, {{Act: ActConfirm, Card: pick(p, Visa, Mastercard, NoFunds)}}}
	}},
	{"held and captured", 12, true, func(p *planner, amount int64) []stage {
		return p.maybeRefunded(amount, stage{{Act: ActPay, Card: Visa}}, stage{{Act: ActCapture, Amount: p.part(amount)}})
	}},
	{"captured twice at once", 6, true, func(p *planner, amount int64) []stage {
		return []stage{{{Act: ActPay, Card: Visa}}, {{Act: ActCapture, Amount: p.part(amount)}, {Act: ActCapture, Amount: p.part(amount)}}}
	}},
	{"capture against cancel", 8, true, func(p *planner, amount int64) []stage {
		return []stage{{{Act: ActPay, Card: Visa}}, {{Act: ActCapture, Amount: p.part(amount)}, {Act: ActCancel}}}
	}},
	{"held and canceled", 7, true, func(p *planner, _ int64) []stage {
		return []stage{{{Act: ActPay, Card: Visa}}, {{Act: ActCancel, Hasty: p.chance(30)}}}
	}},
	{"confirmed later", 10, false, func(p *planner, amount int64) []stage {
		return p.maybeRefunded(amount, stage{{Act: ActCreate}}, stage{{Act: ActConfirm, Card: pick(p, Visa, Mastercard, NoFunds)}})
	}},
	{"confirmed with two cards at once", 8, false, func(p *planner, _ int64) []stage {
		return []stage{{{Act: ActCreate}}, {{Act: ActConfirm, Card: Visa}, {Act: ActConfirm, Card: pick(p, Mastercard, Declined)}}}
	}},
	{"confirm against cancel", 6, false, func(*planner, int64) []stage {
		return []stage{{{Act: ActCreate}}, {{Act: ActConfirm, Card: Visa}, {Act: ActCancel}}}
	}},
	{"given up", 3, false, func(*planner, int64) []stage {
		return []stage{{{Act: ActCreate}}, {{Act: ActCancel}}}
	}},
	{"3DS", 10, false, func(p *planner, _ int64) []stage {
		return p.challenge()
	}},
	{"3DS, held", 4, true, func(p *planner, amount int64) []stage {
		return append(p.challenge(), stage{{Act: ActCapture, Amount: p.part(amount)}})
	}},
	{"3DS against cancel", 4, false, func(p *planner, _ int64) []stage {
		return []stage{{{Act: ActPay, Card: Challenged}}, {p.shopper(true), {Act: ActCancel}}}
	}},
	{"refunds that settle later", 5, false, func(p *planner, amount int64) []stage {
		return []stage{{{Act: ActPay, Card: RefundsLate}}, p.refunds(amount)}
	}},
	{"refunds that fail later", 4, false, func(p *planner, amount int64) []stage {
		return []stage{{{Act: ActPay, Card: RefundsFail}}, p.refunds(amount)}
	}},
	{"disputed", 4, false, func(p *planner, amount int64) []stage {
		return p.maybeRefunded(amount, stage{{Act: ActPay, Card: pick(p, Disputed, Disputed, Inquired)}})
	}},
}

// currencies have the same minor unit at the provider as in the hub.
var currencies = []string{"AED", "EUR", "USD", "JPY"}

// begin chooses the next payment.
func (p *planner) begin() *story {
	total := 0
	for _, s := range stories {
		total += s.weight
	}
	n, chosen := p.rng.IntN(total), 0
	for n >= stories[chosen].weight {
		n -= stories[chosen].weight
		chosen++
	}
	told := stories[chosen]
	amount := int64(p.between(500, 50_000))
	p.plan.Payments = append(p.plan.Payments, Payment{
		Merchant: p.between(0, Merchants-1), Amount: amount, Currency: pick(p, currencies...), Manual: told.manual, Story: told.name,
	})
	return &story{payment: len(p.plan.Payments) - 1, stages: told.tell(p, amount)}
}

// part is a part of the amount, or 0 for all of it.
func (p *planner) part(amount int64) int64 {
	if p.chance(50) {
		return 0
	}
	return 1 + p.rng.Int64N(amount)
}

func (p *planner) maybeRefunded(amount int64, before ...stage) []stage {
	if p.chance(45) {
		return append(before, p.refunds(amount))
	}
	return before
}

// refunds is one refund, or several at once that may together pass the amount.
func (p *planner) refunds(amount int64) stage {
	n := 1
	if p.chance(45) {
		n = p.between(2, 4)
	}
	var all stage
	for range n {
		part := p.part(amount)
		if n > 1 {
			part = 1 + p.rng.Int64N(amount*2/int64(n))
		}
		all = append(all, Operation{Act: ActRefund, Amount: part})
	}
	return all
}

// challenge sends the shopper to the issuer, at creation or later. One who
// fails tries another card.
func (p *planner) challenge() []stage {
	before := []stage{{{Act: ActPay, Card: Challenged}}}
	if p.chance(40) {
		before = []stage{{{Act: ActCreate}}, {{Act: ActConfirm, Card: Challenged}}}
	}
	shopper := p.shopper(p.chance(75))
	before = append(before, stage{shopper})
	if !shopper.Approve {
		before = append(before, stage{{Act: ActConfirm, Card: Mastercard}})
	}
	return before
}

func (p *planner) shopper(approve bool) Operation {
	return Operation{Act: ActShopper, Approve: approve, Return: p.chance(70)}
}
