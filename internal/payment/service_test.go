package payment_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/clock"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/payment"
	"paymenthub/internal/risk"
	"paymenthub/internal/routing"
	"paymenthub/internal/vault"
)

// kept is a repository of one payment; what a test does not need is not there.
type kept struct {
	payment.Repository
	now       payment.Aggregate
	operation string           // that has reached its gateway step
	declined  *payment.Decline // what the gateway said to it
	onceAsked func()           // runs when a transaction is looked for
}

func (k *kept) Load(context.Context, string) (payment.Aggregate, error) { return k.now, nil }

func (k *kept) Payment(context.Context, merchant.Scope, string) (payment.Intent, error) {
	return k.now.Intent, nil
}

// reviver is an orchestrator that has lost the payment's workflow. Reviving it
// lets the payment become what the test says.
type reviver struct {
	payment.Orchestrator
	repo    *kept
	becomes payment.Status
	revived int
}

func (*reviver) ActionReturned(context.Context, string) error { return payment.ErrNotRunning }

func (r *reviver) Revive(context.Context, payment.Snapshot) error {
	r.revived++
	r.repo.now.Intent.Status = r.becomes
	return nil
}

func lostWorkflow(status, becomes payment.Status) (*payment.Service, *kept, *reviver) {
	repo := &kept{now: payment.Aggregate{Intent: payment.Intent{ID: id.New(id.Payment), Scope: scope, Status: status}}}
	lost := &reviver{repo: repo, becomes: becomes}
	s := payment.NewService(repo, nil, lost, nil, nil, payment.NewWatcher(), clock.System{}, payment.Options{Wait: 5 * time.Second, Poll: time.Millisecond})
	return s, repo, lost
}

func TestAReturningShopperRevivesALostWorkflow(t *testing.T) {
	s, repo, lost := lostWorkflow(payment.RequiresAction, payment.Succeeded)
	got, err := s.ActionReturned(t.Context(), repo.now.Intent.ID, "")
	require.NoError(t, err)
	require.Equal(t, payment.Succeeded, got.Status)
	require.Equal(t, 1, lost.revived)
}

func TestARepeatedCancelRevivesItsVoid(t *testing.T) {
	s, repo, lost := lostWorkflow(payment.Processing, payment.Canceled)
	operation := id.NewSuffix()
	repo.now.Intent.CanceledBy = operation
	got, err := s.Cancel(t.Context(), scope, repo.now.Intent.ID, operation, "")
	require.NoError(t, err)
	require.Equal(t, payment.Canceled, got.Status)
	require.Equal(t, 1, lost.revived)
}

// slow is an orchestrator that starts a workflow which does not come to anything.
type slow struct{ payment.Orchestrator }

func (slow) StartPayment(context.Context, payment.Snapshot, *payment.Confirmation) error { return nil }

type routed struct{ payment.Router }

func (routed) Route(context.Context, payment.RouteRequest) (routing.Decision, error) {
	return routing.Decision{Choices: []routing.Choice{{Gateway: "stripe"}}}, nil
}

func (k *kept) Insert(_ context.Context, c payment.Change) error {
	k.now.Intent = c.Intent
	return nil
}

// A payment that is about to be taken must not be told to wait for a
// confirmation: the merchant would confirm it again.
func TestAConfirmationThatWasNotBegunIsNoAnswer(t *testing.T) {
	v, err := vault.New(nil, vault.Keys{Active: 1, ByVersion: map[int][]byte{1: make([]byte, 32)}, Fingerprint: make([]byte, 32)}, clock.System{})
	require.NoError(t, err)
	s := payment.NewService(&kept{}, nil, slow{}, routed{}, v, payment.NewWatcher(), clock.System{}, payment.Options{Wait: 20 * time.Millisecond, Poll: time.Millisecond})
	n := payment.New{ID: id.New(id.Payment), Scope: scope, Amount: 500, Currency: "USD", CaptureMethod: payment.CaptureAutomatic, Routing: "auto"}
	card := vault.Card{Number: "4242424242424242", CVC: "123", ExpMonth: 12, ExpYear: 2040}
	_, err = s.Create(t.Context(), n, &payment.Method{Type: payment.MethodCard, Card: card})
	require.True(t, fault.Is(err, fault.Unavailable), "%v", err)
	got, err := s.Create(t.Context(), n, nil)
	require.NoError(t, err)
	require.Equal(t, payment.RequiresConfirmation, got.Status, "without a confirmation it is the truth")
}

// refusing is an orchestrator whose workflow lost its task after it had carried
// the command out: it finds the payment moved on and refuses.
type refusing struct {
	payment.Orchestrator
	repo  *kept
	after payment.Intent
}

func (r refusing) refuse(operationID string) error {
	r.after.CanceledBy = operationID
	r.repo.now.Intent, r.repo.operation = r.after, operationID
	return fault.New(fault.InvalidState, "The payment's status is '%s'.", r.after.Status)
}

func (r refusing) Confirm(_ context.Context, _ string, c payment.Confirmation) error {
	return r.refuse(c.OperationID)
}

func (r refusing) Cancel(_ context.Context, _ string, c payment.CancelCommand) error {
	return r.refuse(c.OperationID)
}

func (r refusing) Capture(_ context.Context, _ string, c payment.CaptureCommand) error {
	return r.refuse(c.OperationID)
}

func (k *kept) HasTransaction(_ context.Context, _, transactionID string) (bool, error) {
	if k.onceAsked != nil {
		k.onceAsked()
	}
	return transactionID == payment.TransactionID(k.operation), nil
}

func TestACommandThatWasCarriedOutIsNotRefused(t *testing.T) {
	v, err := vault.New(nil, vault.Keys{Active: 1, ByVersion: map[int][]byte{1: make([]byte, 32)}, Fingerprint: make([]byte, 32)}, clock.System{})
	require.NoError(t, err)
	card := payment.Method{Type: payment.MethodCard, Card: vault.Card{Number: "4242424242424242", CVC: "123", ExpMonth: 12, ExpYear: 2040}}
	for name, c := range map[string]struct {
		before, after payment.Status
		do            func(*payment.Service, string) (payment.Intent, error)
	}{
		"confirm": {payment.RequiresConfirmation, payment.Succeeded, func(s *payment.Service, id string) (payment.Intent, error) {
			return s.Confirm(t.Context(), scope, id, "01M7Y8A3Y4MNYTR6E4GPJ4YZ2N", card)
		}},
		"capture": {payment.RequiresCapture, payment.Succeeded, func(s *payment.Service, id string) (payment.Intent, error) {
			return s.Capture(t.Context(), scope, id, "01M7Y8A3Y4MNYTR6E4GPJ4YZ2N", 0)
		}},
		"cancel": {payment.RequiresConfirmation, payment.Canceled, func(s *payment.Service, id string) (payment.Intent, error) {
			return s.Cancel(t.Context(), scope, id, "01M7Y8A3Y4MNYTR6E4GPJ4YZ2N", "")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			p := payment.Intent{ID: id.New(id.Payment), Scope: scope, Status: c.before, Amount: 500, AmountCapturable: 500, Currency: "USD", ExpiresAt: time.Now().Add(time.Hour)}
			after := p
			after.Status, after.Operations = c.after, 1
			repo := &kept{now: payment.Aggregate{Intent: p}}
			s := payment.NewService(repo, nil, refusing{repo: repo, after: after}, routed{}, v, payment.NewWatcher(), clock.System{}, payment.Options{Wait: time.Second, Poll: time.Millisecond})
			got, err := c.do(s, p.ID)
			require.NoError(t, err)
			require.Equal(t, c.after, got.Status)
		})
	}
}

// behindhand is an orchestrator whose workflow has yet to learn of its last step.
type behindhand struct {
	payment.Orchestrator
	repo   *kept
	rounds int
}

func (o *behindhand) Capture(_ context.Context, _ string, c payment.CaptureCommand) error {
	if o.rounds--; o.rounds >= 0 {
		return fault.New(fault.InvalidState, "The payment's status is 'requires_action'.")
	}
	o.repo.operation = c.OperationID
	o.repo.now.Intent.Status, o.repo.now.Intent.AmountCaptured = payment.Succeeded, 500
	return nil
}

func TestAWorkflowThatIsBehindTheDatabaseIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		held := payment.Intent{ID: id.New(id.Payment), Scope: scope, Status: payment.RequiresCapture, Amount: 500, AmountCapturable: 500, Currency: "USD"}
		capture := func(rounds int) (payment.Intent, error) {
			repo := &kept{now: payment.Aggregate{Intent: held}}
			s := payment.NewService(repo, nil, &behindhand{repo: repo, rounds: rounds}, routed{}, nil, payment.NewWatcher(), clock.System{}, payment.Options{Wait: 200 * time.Millisecond, Poll: time.Millisecond})
			return s.Capture(t.Context(), scope, held.ID, "01M7Y8A3Y4MNYTR6E4GPJ4YZ2N", 500)
		}
		got, err := capture(2)
		require.NoError(t, err)
		require.Equal(t, payment.Succeeded, got.Status)
		_, err = capture(1000)
		require.True(t, fault.Is(err, fault.InvalidState), "%v", err)
	})
}

func (*kept) Present(context.Context, *vault.Record, risk.Sighting) error { return nil }

// overtaken is an orchestrator that carries a capture out, which the gateway
// declines, and another command right after it.
type overtaken struct {
	payment.Orchestrator
	repo *kept
	then payment.Intent
}

func (o overtaken) Capture(_ context.Context, _ string, c payment.CaptureCommand) error {
	busy := payment.NewDecline(payment.DeclineGatewayUnavailable)
	o.repo.operation, o.repo.declined, o.repo.now.Intent = c.OperationID, &busy, o.then
	return nil
}

func (k *kept) Transaction(_ context.Context, _, transactionID string) (payment.Transaction, error) {
	if transactionID != payment.TransactionID(k.operation) {
		return payment.Transaction{}, fault.New(fault.NotFound, "none")
	}
	return payment.Transaction{ID: transactionID, Decline: k.declined}, nil
}

// What another command made of the payment is no answer to a declined capture.
func TestACaptureIsAnsweredByItsOwnOutcome(t *testing.T) {
	held := payment.Intent{ID: id.New(id.Payment), Scope: scope, Status: payment.RequiresCapture, Amount: 500, AmountCapturable: 500, Currency: "USD"}
	for name, change := range map[string]func(*payment.Intent){
		"another capture": func(p *payment.Intent) { p.Status, p.AmountCaptured = payment.Succeeded, 500 },
		"a cancel":        func(p *payment.Intent) { p.Status = payment.Canceled },
		"nothing":         func(*payment.Intent) {},
	} {
		t.Run(name, func(t *testing.T) {
			then := held
			change(&then)
			repo := &kept{now: payment.Aggregate{Intent: held}}
			s := payment.NewService(repo, nil, overtaken{repo: repo, then: then}, nil, nil, payment.NewWatcher(), clock.System{}, payment.Options{Wait: time.Second, Poll: time.Millisecond})
			_, err := s.Capture(t.Context(), scope, held.ID, id.NewSuffix(), 200)
			var declined *payment.DeclinedError
			require.ErrorAs(t, err, &declined)
			require.Equal(t, payment.DeclineGatewayUnavailable, declined.Decline.Code)
		})
	}
}

// late is an orchestrator whose capture is written down only when the time to
// wait for it is over, just after the payment was read.
type late struct {
	payment.Orchestrator
	repo *kept
}

func (l late) Capture(_ context.Context, _ string, c payment.CaptureCommand) error {
	l.repo.operation = c.OperationID
	l.repo.onceAsked = func() { l.repo.now.Intent.Status = payment.Processing }
	return context.DeadlineExceeded
}

func TestACommandIsAnsweredWithThePaymentThatKnowsIt(t *testing.T) {
	repo := &kept{now: payment.Aggregate{Intent: payment.Intent{
		ID: id.New(id.Payment), Scope: scope, Status: payment.RequiresCapture, Amount: 500, AmountCapturable: 500, Currency: "USD", Operations: 1,
	}}}
	s := payment.NewService(repo, nil, late{repo: repo}, nil, nil, payment.NewWatcher(), clock.System{}, payment.Options{Wait: time.Second, Poll: time.Millisecond})
	got, err := s.Capture(t.Context(), scope, repo.now.Intent.ID, id.NewSuffix(), 200)
	require.NoError(t, err)
	require.Equal(t, payment.Processing, got.Status)
}
