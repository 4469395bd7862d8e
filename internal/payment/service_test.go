package payment_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/clock"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/payment"
)

// kept is a repository of one payment; what a test does not need is not there.
type kept struct {
	payment.Repository
	now payment.Aggregate
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
	s := payment.NewService(repo, lost, nil, nil, payment.NewWatcher(), clock.System{}, payment.Options{Wait: 5 * time.Second, Poll: time.Millisecond})
	return s, repo, lost
}

func TestAReturningShopperRevivesALostWorkflow(t *testing.T) {
	s, repo, lost := lostWorkflow(payment.RequiresAction, payment.Succeeded)
	got, err := s.ActionReturned(t.Context(), repo.now.Intent.ID)
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
