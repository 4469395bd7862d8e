package payment

import (
	"context"
	"errors"
	"time"

	"paymenthub/internal/clock"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/vault"
)

// ErrNotRunning: the payment has no running workflow.
var ErrNotRunning = errors.New("payment: no workflow is running")

// Options of a Service.
type Options struct {
	// Wait is how long a request waits for a payment's outcome before it is
	// answered with what is known: processing.
	Wait time.Duration
	// Poll is how often a waiting request asks the database, for steps recorded
	// by another process.
	Poll time.Duration
	// Conversions promises the rates of payments that are settled in another currency;
	// nil: none is.
	Conversions Conversions
}

// Service is what the façades call. Everything that changes a payment after
// its creation is done by its workflow; the service writes the beginning and
// hands over.
type Service struct {
	repo         Repository
	customers    Customers
	orchestrator Orchestrator
	router       Router
	vault        *vault.Vault
	watcher      *Watcher
	clock        clock.Clock
	options      Options
}

// NewService wires a service.
func NewService(repo Repository, customers Customers, o Orchestrator, r Router, v *vault.Vault, w *Watcher, c clock.Clock, options Options) *Service {
	return &Service{repo: repo, customers: customers, orchestrator: o, router: r, vault: v, watcher: w, clock: c, options: options}
}

// Create makes a payment; with a method it is confirmed in the same call and
// the result says what became of that. n.ID decides the payment's identity:
// creating the same id again goes on with the first.
//
// Errors: fault.Invalid naming "routing", "currency", "customer_id",
// "payment_method.id" or "save_payment_method", and those of Conversions.Lock.
func (s *Service) Create(ctx context.Context, n New, method *Method) (Intent, error) {
	asked := Intent{ID: n.ID, Scope: n.Scope, Amount: n.Amount, Currency: n.Currency, CaptureMethod: n.CaptureMethod, Routing: n.Routing, CustomerID: n.CustomerID, Metadata: n.Metadata, CreatedAt: s.clock.Now()}
	saved, err := s.checkNew(ctx, n, method)
	if err != nil {
		return s.orAttempted(ctx, asked, err)
	}
	chosen, err := s.router.Route(ctx, asked.route(method, saved))
	if err != nil {
		return s.orAttempted(ctx, asked, err)
	}
	n.Gateway = chosen.Gateway()
	if n.Lock, err = s.lock(ctx, n); err != nil {
		return Intent{}, err
	}
	change, err := Open(n, s.clock.Now())
	if err != nil {
		return Intent{}, err
	}
	var first *Confirmation
	if method != nil {
		of, err := s.present(ctx, change.Intent, id.Suffix(n.ID), *method, saved)
		if err != nil {
			return Intent{}, err
		}
		change.Card, change.Sighting, first = of.card, &of.seen, &of.conf
	}
	intent := change.Intent
	if err := s.repo.Insert(ctx, change); errors.Is(err, ErrExists) {
		if intent, err = s.repo.Payment(ctx, n.Scope, n.ID); err != nil {
			return Intent{}, err
		}
	} else if err != nil {
		return Intent{}, err
	}
	return s.start(ctx, intent, first)
}

// start starts the payment's workflow and waits for its first confirmation.
func (s *Service) start(ctx context.Context, intent Intent, first *Confirmation) (Intent, error) {
	if intent.Status.Terminal() || intent.Attempts > 0 && intent.Status != Processing {
		return intent, nil // a repeated request whose payment has gone on
	}
	watch := s.watcher.Watch(intent.ID)
	defer watch.Close()
	snapshot := Aggregate{Intent: intent}.Snapshot()
	if intent.PendingTransaction != "" {
		current, err := s.repo.Load(ctx, intent.ID)
		if err != nil {
			return Intent{}, err
		}
		snapshot, first = current.Snapshot(), nil
	}
	if err := s.orchestrator.StartPayment(ctx, snapshot, first); err != nil {
		return Intent{}, err
	}
	if first == nil && intent.Status != Processing {
		return intent, nil
	}
	now, err := s.await(ctx, watch, intent, confirmed)
	if err == nil && now.Status == RequiresConfirmation {
		// Its workflow has not come to it. That it waits for a confirmation would be
		// a lie: the one that came with it is about to be carried out.
		return Intent{}, fault.New(fault.Unavailable, "The payment engine is slow at the moment. Retry with the same Idempotency-Key to learn what became of the payment.").
			After(commandRetry)
	}
	return now, err
}

// await returns the payment once its step has ended or its outcome is unknown,
// or as it stands when the time to wait is over. ended says whether a payment
// that the database shows has come out of the step.
func (s *Service) await(ctx context.Context, watch *Watch, intent Intent, ended func(Intent) bool) (Intent, error) {
	limit := time.NewTimer(s.options.Wait)
	defer limit.Stop()
	poll := time.NewTicker(s.options.Poll)
	defer poll.Stop()
	for {
		select {
		case told := <-watch.C:
			return told, nil
		case <-poll.C:
			now, err := s.repo.Payment(ctx, intent.Scope, intent.ID)
			if err != nil {
				return Intent{}, err
			}
			if ended(now) {
				return now, nil
			}
		case <-limit.C:
			return s.repo.Payment(ctx, intent.Scope, intent.ID)
		case <-ctx.Done():
			return Intent{}, ctx.Err()
		}
	}
}

// confirmed reports whether a confirmation has come to a state worth answering with.
func confirmed(p Intent) bool {
	return p.Status != Processing && p.Status != RequiresConfirmation
}

// Get returns a payment. Errors: fault.NotFound.
func (s *Service) Get(ctx context.Context, scope merchant.Scope, paymentID string) (Intent, error) {
	if !id.Valid(id.Payment, paymentID) {
		return Intent{}, notFound("payment intent", paymentID)
	}
	return s.repo.Payment(ctx, scope, paymentID)
}

// Find returns a payment of any merchant. Its callers show of it only what is the
// caller's to see: by its client secret, or by its owner. Errors: fault.NotFound.
func (s *Service) Find(ctx context.Context, paymentID string) (Intent, error) {
	current, err := s.repo.Load(ctx, paymentID)
	return current.Intent, err
}

// Attempts lists a payment's attempts, oldest first.
func (s *Service) Attempts(ctx context.Context, p Intent) ([]Attempt, error) {
	if p.Attempts == 0 {
		return nil, nil
	}
	return s.repo.Attempts(ctx, p.Scope, p.ID)
}

// List lists payments, newest first, and says whether there are more.
func (s *Service) List(ctx context.Context, scope merchant.Scope, f Filter) ([]Intent, bool, error) {
	return s.repo.Payments(ctx, scope, f)
}

// ActionReturned tells the payment's workflow that the shopper came back, and
// returns the payment once the gateway has been asked, or as it stands after
// the time to wait. query is what the provider added to the address.
func (s *Service) ActionReturned(ctx context.Context, paymentID, query string) (Intent, error) {
	current, err := s.repo.Load(ctx, paymentID)
	if err != nil || current.Intent.Status != RequiresAction {
		return current.Intent, err
	}
	if query != "" && query != current.Attempt.Returned {
		if err := s.repo.Returned(ctx, current.Attempt.ID, query); err != nil {
			return Intent{}, err
		}
	}
	watch := s.watcher.Watch(paymentID)
	defer watch.Close()
	err = s.orchestrator.ActionReturned(ctx, paymentID)
	if errors.Is(err, ErrNotRunning) {
		err = s.orchestrator.Revive(ctx, current.Snapshot())
	}
	if err != nil {
		return Intent{}, err
	}
	return s.await(ctx, watch, current.Intent, func(p Intent) bool { return p.Status != RequiresAction && p.Status != Processing })
}

func notFound(what, name string) error {
	return fault.New(fault.NotFound, "There is no %s '%s'.", what, name)
}
