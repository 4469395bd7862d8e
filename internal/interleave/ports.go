package interleave

import (
	"context"
	"time"

	"paymenthub/internal/gateway"
	"paymenthub/internal/idempotency"
	"paymenthub/internal/payment"
	"paymenthub/internal/risk"
	"paymenthub/internal/vault"
)

// Hook is called around each call of a decorated port: before it with false,
// after it with true. What it returns before a call is answered in the call's
// stead, and after one instead of its success; gateways have no errors, and
// theirs are dropped. It may panic: that is how a process dies in a test.
type Hook func(ctx context.Context, call string, after bool) error

// around calls do between the hook's two calls.
func (h Hook) around(ctx context.Context, call string, do func() error) error {
	if err := h(ctx, call, false); err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	return h(ctx, call, true)
}

// Repository decorates the calls of a repository that a payment's steps and
// requests make; the others pass.
type Repository struct {
	payment.Repository
	Hook Hook
}

// Insert implements payment.Repository.
func (r Repository) Insert(ctx context.Context, c payment.Change) error {
	return r.Hook.around(ctx, "insert", func() error { return r.Repository.Insert(ctx, c) })
}

// Apply implements payment.Repository.
func (r Repository) Apply(ctx context.Context, c payment.Change) error {
	return r.Hook.around(ctx, "apply", func() error { return r.Repository.Apply(ctx, c) })
}

// Present implements payment.Repository.
func (r Repository) Present(ctx context.Context, card *vault.Record, seen risk.Sighting) error {
	return r.Hook.around(ctx, "present", func() error { return r.Repository.Present(ctx, card, seen) })
}

// Load implements payment.Repository.
func (r Repository) Load(ctx context.Context, paymentID string) (found payment.Aggregate, err error) {
	err = r.Hook.around(ctx, "load", func() (err error) {
		found, err = r.Repository.Load(ctx, paymentID)
		return err
	})
	return found, err
}

// LoadRefund implements payment.Repository.
func (r Repository) LoadRefund(ctx context.Context, refundID string) (found payment.RefundAggregate, err error) {
	err = r.Hook.around(ctx, "load refund", func() (err error) {
		found, err = r.Repository.LoadRefund(ctx, refundID)
		return err
	})
	return found, err
}

// HasTransaction implements payment.Repository.
func (r Repository) HasTransaction(ctx context.Context, paymentID, transactionID string) (has bool, err error) {
	err = r.Hook.around(ctx, "has transaction", func() (err error) {
		has, err = r.Repository.HasTransaction(ctx, paymentID, transactionID)
		return err
	})
	return has, err
}

// Charges implements payment.Repository.
func (r Repository) Charges(ctx context.Context, paymentID string) (found []payment.Transaction, err error) {
	err = r.Hook.around(ctx, "charges", func() (err error) {
		found, err = r.Repository.Charges(ctx, paymentID)
		return err
	})
	return found, err
}

// FindDispute implements payment.Repository.
func (r Repository) FindDispute(ctx context.Context, d payment.DisputeRef) (found *payment.Dispute, err error) {
	err = r.Hook.around(ctx, "find dispute", func() (err error) {
		found, err = r.Repository.FindDispute(ctx, d)
		return err
	})
	return found, err
}

// Postpone implements payment.Repository.
func (r Repository) Postpone(ctx context.Context, paymentID string, until time.Time) error {
	return r.Hook.around(ctx, "postpone", func() error { return r.Repository.Postpone(ctx, paymentID, until) })
}

// Trusting lets every attempt pass.
type Trusting struct{}

// Assess implements payment.RiskAssessor.
func (Trusting) Assess(context.Context, risk.Subject) (risk.Assessment, error) {
	return risk.Assessment{Action: risk.Allow}, nil
}

// Gateway decorates the calls of a gateway.
type Gateway struct {
	gateway.Gateway
	Hook Hook
}

// Authorize implements gateway.Gateway.
func (g Gateway) Authorize(ctx context.Context, a gateway.Authorization) payment.Outcome {
	return g.call(ctx, "authorize", func() payment.Outcome { return g.Gateway.Authorize(ctx, a) })
}

// Capture implements gateway.Gateway.
func (g Gateway) Capture(ctx context.Context, c gateway.Call) payment.Outcome {
	return g.call(ctx, "capture", func() payment.Outcome { return g.Gateway.Capture(ctx, c) })
}

// Void implements gateway.Gateway.
func (g Gateway) Void(ctx context.Context, c gateway.Call) payment.Outcome {
	return g.call(ctx, "void", func() payment.Outcome { return g.Gateway.Void(ctx, c) })
}

// Refund implements gateway.Gateway.
func (g Gateway) Refund(ctx context.Context, r gateway.Refund) payment.Outcome {
	return g.call(ctx, "refund", func() payment.Outcome { return g.Gateway.Refund(ctx, r) })
}

// StoreMethod implements gateway.Gateway.
func (g Gateway) StoreMethod(ctx context.Context, s gateway.Storage) payment.Outcome {
	return g.call(ctx, "store method", func() payment.Outcome { return g.Gateway.StoreMethod(ctx, s) })
}

// FindMethod implements gateway.Gateway.
func (g Gateway) FindMethod(ctx context.Context, l gateway.MethodLookup) payment.Outcome {
	return g.call(ctx, "find method", func() payment.Outcome { return g.Gateway.FindMethod(ctx, l) })
}

// DetachMethod implements gateway.Gateway.
func (g Gateway) DetachMethod(ctx context.Context, d gateway.Detachment) payment.Outcome {
	return g.call(ctx, "detach method", func() payment.Outcome { return g.Gateway.DetachMethod(ctx, d) })
}

// Lookup implements gateway.Gateway.
func (g Gateway) Lookup(ctx context.Context, l gateway.Lookup) payment.Outcome {
	return g.call(ctx, "look up "+string(l.Kind), func() payment.Outcome { return g.Gateway.Lookup(ctx, l) })
}

// Dispute implements gateway.Gateway.
func (g Gateway) Dispute(ctx context.Context, d gateway.DisputeLookup) (report payment.DisputeReport, err error) {
	err = g.Hook.around(ctx, "gateway dispute", func() (err error) {
		report, err = g.Gateway.Dispute(ctx, d)
		return err
	})
	return report, err
}

func (g Gateway) call(ctx context.Context, name string, do func() payment.Outcome) (o payment.Outcome) {
	_ = g.Hook.around(ctx, "gateway "+name, func() error {
		o = do()
		return nil
	})
	return o
}

// Requests decorates the calls that a request with an Idempotency-Key makes.
type Requests struct {
	idempotency.Store
	Hook Hook
}

// Reserve implements idempotency.Store.
func (r Requests) Reserve(ctx context.Context, request idempotency.Request, now time.Time) (held idempotency.Request, mine bool, err error) {
	err = r.Hook.around(ctx, "reserve", func() (err error) {
		held, mine, err = r.Store.Reserve(ctx, request, now)
		return err
	})
	return held, mine, err
}

// TakeOver implements idempotency.Store.
func (r Requests) TakeOver(ctx context.Context, s idempotency.Slot, seen, until time.Time) (mine bool, err error) {
	err = r.Hook.around(ctx, "take over", func() (err error) {
		mine, err = r.Store.TakeOver(ctx, s, seen, until)
		return err
	})
	return mine, err
}

// Complete implements idempotency.Store.
func (r Requests) Complete(ctx context.Context, s idempotency.Slot, response idempotency.Response) error {
	return r.Hook.around(ctx, "complete", func() error { return r.Store.Complete(ctx, s, response) })
}

// Unlock implements idempotency.Store.
func (r Requests) Unlock(ctx context.Context, s idempotency.Slot) error {
	return r.Hook.around(ctx, "unlock", func() error { return r.Store.Unlock(ctx, s) })
}

// Forget implements idempotency.Store.
func (r Requests) Forget(ctx context.Context, s idempotency.Slot) error {
	return r.Hook.around(ctx, "forget", func() error { return r.Store.Forget(ctx, s) })
}

// Cards decorates the calls of the vault's store.
type Cards struct {
	vault.Store
	Hook Hook
}

// PutCard implements vault.Store.
func (c Cards) PutCard(ctx context.Context, r vault.Record) error {
	return c.Hook.around(ctx, "put card", func() error { return c.Store.PutCard(ctx, r) })
}

// Card implements vault.Store.
func (c Cards) Card(ctx context.Context, token string) (r vault.Record, err error) {
	err = c.Hook.around(ctx, "card", func() (err error) {
		r, err = c.Store.Card(ctx, token)
		return err
	})
	return r, err
}
