package interleave

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"paymenthub/internal/gateway"
	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
	"paymenthub/internal/vault"
)

// The cards that the provider knows apart; it approves all others.
const (
	CardApproved  = "4242424242424242"
	CardDeclined  = "4000000000000002"
	CardChallenge = "4000002500003155" // the shopper must act first
	CardPicky     = "4000000000000010" // for providers that refuse it
)

// Fault is what goes wrong with one request to the provider.
type Fault int

// The faults. Refused requests certainly never arrive, and the hub knows it.
const (
	NoFault     Fault = iota
	Refused           // no connection: nothing was sent
	LostRequest       // it never arrives; no answer
	LostAnswer        // it is carried out; no answer
	Late              // it arrives when Deliver is called; no answer
)

// String implements fmt.Stringer.
func (f Fault) String() string {
	return [...]string{"no fault", "refused", "request lost", "answer lost", "late"}[f]
}

// ChargeStatus is where a charge stands at the provider.
type ChargeStatus string

// The states of a charge.
const (
	Acting   ChargeStatus = "requires_action"
	Refusal  ChargeStatus = "declined"
	Held     ChargeStatus = "authorized"
	Captured ChargeStatus = "captured"
	Voided   ChargeStatus = "voided"
)

// Charge is what the provider has of one authorization or sale.
type Charge struct {
	Reference     string
	Scope         merchant.Scope
	PaymentID     string
	TransactionID string // of the authorization or sale
	Currency      money.Currency
	Sale          bool
	Status        ChargeStatus
	Amount        int64
	Captured      int64
	CapturedBy    string // the transaction that captured it
	Refunds       []Refund
	Disputes      []Dispute
	Kept          *payment.Kept        // what the payment saved once it was authorized
	keep          func() *payment.Kept // nil: it saves nothing
}

// Live reports whether the charge holds or took money.
func (c Charge) Live() bool { return c.Status == Held || c.Status == Captured }

// Provider is a payment provider in memory. It acts once for each idempotency
// key, refuses what a charge's state forbids, and knows what it did.
type Provider struct {
	name    string
	refuses []string // cards that this one declines, beside CardDeclined
	mu      sync.Mutex
	plan    func(call string) Fault
	charges []*Charge
	byID    map[string][]*Charge // by payment
	seen    map[string]func() payment.Outcome
	late    []func() payment.Outcome
	slow    map[string]bool // payments whose refunds are settled later
	told    map[string][]Webhook
	kept    map[string]*keptCard // by token
	events  int
	settled int // outcomes that were concluded from webhooks
}

// NewProvider makes a provider that does what it is asked, but for the cards that it
// refuses.
func NewProvider(name string, refuses ...string) *Provider {
	return &Provider{
		name: name, refuses: refuses,
		byID: map[string][]*Charge{}, seen: map[string]func() payment.Outcome{}, slow: map[string]bool{}, told: map[string][]Webhook{},
		kept: map[string]*keptCard{},
	}
}

// Plan decides what goes wrong from now on; nil: nothing does.
func (p *Provider) Plan(next func(call string) Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.plan = next
}

// Deliver lets the oldest late request arrive and reports whether there was one.
func (p *Provider) Deliver() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.late) == 0 {
		return false
	}
	next := p.late[0]
	p.late = p.late[1:]
	next()
	return true
}

// Act lets the shopper of a payment act, or refuse to, where the provider waits
// for it.
func (p *Provider) Act(paymentID string, approve bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.byID[paymentID] {
		if c.Status != Acting {
			continue
		}
		if c.Status = Refusal; approve {
			c.approve()
		}
		p.tell(message{Charge: *c})
	}
}

// Charges lists what the provider has of a payment, declined charges included.
func (p *Provider) Charges(paymentID string) []Charge {
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []Charge
	for _, c := range p.byID[paymentID] {
		list = append(list, c.now())
	}
	return list
}

// now is a copy of the charge as it is.
func (c *Charge) now() Charge {
	copied := *c
	copied.Refunds, copied.Disputes = slices.Clone(c.Refunds), slices.Clone(c.Disputes)
	return copied
}

// Provider implements gateway.Gateway.
func (p *Provider) Provider() string { return p.name }

// Probe implements gateway.Gateway.
func (*Provider) Probe(context.Context) (string, error) { return "", nil }

// CardMethods are those of a gateway that takes cards and nothing else.
var CardMethods = map[payment.MethodType]gateway.MethodSupport{payment.MethodCard: {ManualCapture: true}}

// Capabilities implements gateway.Gateway.
func (*Provider) Capabilities() gateway.Capabilities {
	return gateway.Capabilities{Methods: CardMethods, PartialCapture: true, SavesCards: true}
}

// receive carries a request out, unless a fault is planned for it.
func (p *Provider) receive(call string, c gateway.Call, do func() payment.Outcome) payment.Outcome {
	p.mu.Lock()
	defer p.mu.Unlock()
	fault := NoFault
	if p.plan != nil {
		fault = p.plan(call)
	}
	once := func() payment.Outcome { return p.once(c.IdempotencyKey, do) }
	switch fault {
	case Refused:
		return declineUnsent(c, payment.DeclineGatewayUnavailable)
	case LostRequest:
		return payment.Unknown("lost on its way")
	case LostAnswer:
		once()
		return payment.Unknown("the answer was lost")
	case Late:
		p.late = append(p.late, once)
		return payment.Unknown("late")
	default:
		return once()
	}
}

// once acts the first time that a key comes. Later it answers the same; what a
// state refused is told by the state of the moment, as our adapter reads it.
func (p *Provider) once(key string, do func() payment.Outcome) payment.Outcome {
	if again, ok := p.seen[key]; ok {
		return again()
	}
	o := do()
	if _, told := p.seen[key]; !told {
		p.seen[key] = func() payment.Outcome { return o }
	}
	return o
}

// declineUnsent declines what certainly never arrived; an earlier request with the same
// key may have.
func declineUnsent(c gateway.Call, code payment.DeclineCode) payment.Outcome {
	if c.Repeated {
		return payment.Unknown("nothing was sent, but an earlier request may have arrived")
	}
	return payment.Declined(payment.NewDecline(code))
}

// Authorize implements gateway.Gateway.
func (p *Provider) Authorize(ctx context.Context, a gateway.Authorization) payment.Outcome {
	if a.Stored != nil {
		return p.receive("authorize", a.Call, func() payment.Outcome { return p.chargeKept(a) })
	}
	card, err := a.Instrument.Open(ctx)
	if err != nil {
		return declineUnsent(a.Call, payment.DeclineProcessingError)
	}
	return p.receive("authorize", a.Call, func() payment.Outcome { return p.charge(a, card) })
}

func (p *Provider) charge(a gateway.Authorization, card vault.Card) payment.Outcome {
	c := &Charge{
		Reference: fmt.Sprintf("gw_%d", len(p.charges)+1), Scope: a.Scope, PaymentID: a.PaymentID, TransactionID: a.TransactionID,
		Currency: a.Amount.Currency, Sale: a.Capture, Amount: a.Amount.Minor, Status: Refusal,
	}
	if a.Save != nil {
		c.keep = func() *payment.Kept { return p.keep(*a.Save, card) }
	}
	p.charges = append(p.charges, c)
	p.byID[a.PaymentID] = append(p.byID[a.PaymentID], c)
	switch number := card.Number.Reveal(); {
	case number == CardDeclined, slices.Contains(p.refuses, number):
	case number == CardChallenge:
		c.Status = Acting
	default:
		c.approve()
	}
	p.tell(message{Charge: *c})
	return c.authorization()
}

// approve holds the amount, or takes that of a sale.
func (c *Charge) approve() {
	c.Status = Held
	if c.keep != nil {
		c.Kept = c.keep()
	}
	if c.Sale {
		c.Status, c.Captured, c.CapturedBy = Captured, c.Amount, c.TransactionID
	}
}

// Capture implements gateway.Gateway.
func (p *Provider) Capture(_ context.Context, call gateway.Call) payment.Outcome {
	return p.receive("capture", call, func() payment.Outcome {
		c := p.find(call.GatewayReference)
		switch {
		case c == nil:
			return payment.Declined(payment.NewDecline(payment.DeclineState))
		case c.Status == Held && call.Amount.Minor <= c.Amount:
			c.Status, c.Captured, c.CapturedBy = Captured, call.Amount.Minor, call.TransactionID
			p.tell(message{Charge: *c})
			return c.moved(call.Amount.Minor)
		}
		inspect := func() payment.Outcome { return c.afterRefusedCapture(call) }
		p.seen[call.IdempotencyKey] = inspect
		return inspect()
	})
}

// Void implements gateway.Gateway.
func (p *Provider) Void(_ context.Context, call gateway.Call) payment.Outcome {
	return p.receive("void", call, func() payment.Outcome {
		c := p.find(call.GatewayReference)
		switch {
		case c == nil:
			return payment.Declined(payment.NewDecline(payment.DeclineState))
		case c.Status == Held, c.Status == Acting, c.Status == Refusal:
			c.Status = Voided
			p.tell(message{Charge: *c})
			return c.moved(c.Amount)
		}
		inspect := func() payment.Outcome { return c.ofVoid() }
		p.seen[call.IdempotencyKey] = inspect
		return inspect()
	})
}

func (p *Provider) find(reference string) *Charge {
	for _, c := range slices.Backward(p.charges) {
		if c.Reference == reference {
			return c
		}
	}
	return nil
}
