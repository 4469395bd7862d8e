package activities_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"paymenthub/activities"
	"paymenthub/internal/clock"
	"paymenthub/internal/customer"
	"paymenthub/internal/id"
	"paymenthub/internal/idempotency"
	"paymenthub/internal/merchant"
	"paymenthub/internal/payment"
	"paymenthub/internal/vault"
	"paymenthub/internal/webhook"
)

// overdue is a repository of payments that are all overdue.
type overdue struct {
	payment.Repository
	payments  []payment.Intent
	postponed map[string]time.Time
}

func (o *overdue) Overdue(context.Context, time.Time, int) ([]payment.Intent, error) {
	return o.payments, nil
}
func (*overdue) OverdueRefunds(context.Context, time.Time, int) ([]payment.Refund, error) {
	return nil, nil
}
func (*overdue) OverdueDisputes(context.Context, time.Time, int) ([]payment.Dispute, error) {
	return nil, nil
}
func (o *overdue) Load(_ context.Context, paymentID string) (payment.Aggregate, error) {
	for _, p := range o.payments {
		if p.ID == paymentID {
			return payment.Aggregate{Intent: p}, nil
		}
	}
	return payment.Aggregate{}, errors.New("not there")
}
func (o *overdue) Postpone(_ context.Context, paymentID string, until time.Time) error {
	o.postponed[paymentID] = until
	return nil
}

// stubborn revives all payments but some.
type stubborn struct {
	payment.Orchestrator
	refuses map[string]bool
	revived []string
}

func (s *stubborn) Revive(_ context.Context, p payment.Snapshot) error {
	if s.refuses[p.PaymentID] {
		return errors.New("no")
	}
	s.revived = append(s.revived, p.PaymentID)
	return nil
}

// overdueMethods are customers whose methods are all overdue.
type overdueMethods struct {
	customer.Repository
	methods   []customer.PaymentMethod
	postponed map[string]time.Time
}

func (o *overdueMethods) OverdueMethods(context.Context, time.Time, int) ([]customer.PaymentMethod, error) {
	return o.methods, nil
}

func (o *overdueMethods) PostponeMethod(_ context.Context, methodID string, until time.Time) error {
	o.postponed[methodID] = until
	return nil
}

// keeper revives all methods but some.
type keeper struct {
	customer.Orchestrator
	refuses string
	revived []string
}

func (k *keeper) ReviveMethod(_ context.Context, m customer.PaymentMethod) error {
	if m.ID == k.refuses {
		return errors.New("no")
	}
	k.revived = append(k.revived, m.ID)
	return nil
}

// nothing is due of anything else.
type (
	noNotifications struct{}
	noKeys          struct{ idempotency.Store }
	oldSightings    struct{ left int64 }
	noCards         struct{ vault.Store }
)

func (noNotifications) ApplyDue(context.Context, int) (int, error)            { return 0, nil }
func (noNotifications) DeleteOld(context.Context, int) (int64, error)         { return 0, nil }
func (noKeys) DeleteExpired(context.Context, time.Time, int) (int64, error)   { return 0, nil }
func (noCards) EraseOld(context.Context, time.Time, time.Time) (int64, error) { return 0, nil }

func (s *oldSightings) DeleteOldSightings(_ context.Context, limit int) (int64, error) {
	deleted := min(s.left, int64(limit))
	s.left -= deleted
	return deleted, nil
}

// backlog is webhooks whose workflows were lost, and who carries them on but for some.
type backlog struct {
	webhook.Queue
	webhook.Replays
	webhook.Retrier
	refuses   string
	waiting   []webhook.Delivery
	resting   []webhook.Replay
	before    []time.Time // that was asked for: deliveries, replays, events
	postponed map[string]time.Time
	carried   []string
	old       int64  // events past their time
	deleted   int64  // deliveries of deleted endpoints
	removed   func() // is called with each batch of events
	took      func() // is called with each delivery that is carried on
}

func (b *backlog) ports() activities.Backlog {
	return activities.Backlog{Queue: b, Replays: b, Retrier: b, Replayer: b}
}

func (b *backlog) Waiting(_ context.Context, before time.Time, limit int) (found []webhook.Delivery, err error) {
	b.before = append(b.before, before)
	for _, d := range b.waiting {
		if _, hidden := b.postponed[d.ID]; !hidden && len(found) < limit {
			found = append(found, d)
		}
	}
	return found, nil
}

func (b *backlog) StaleReplays(_ context.Context, before time.Time, _ int) ([]webhook.Replay, error) {
	b.before = append(b.before, before)
	return b.resting, nil
}

func (b *backlog) Postpone(_ context.Context, deliveryID string, until time.Time) error {
	b.postponed[deliveryID] = until
	return nil
}

func (b *backlog) DeleteOld(_ context.Context, before time.Time, limit int) (int64, error) {
	b.before = append(b.before, before)
	if b.removed != nil {
		b.removed()
	}
	deleted := min(b.old, int64(limit))
	b.old -= deleted
	return deleted, nil
}

func (b *backlog) CancelDeleted(_ context.Context, _ time.Time, limit int) (int64, error) {
	canceled := min(b.deleted, int64(limit))
	b.deleted -= canceled
	return canceled, nil
}

func (b *backlog) AttemptNow(_ context.Context, d webhook.Delivery) error {
	if b.took != nil {
		b.took()
	}
	return b.carry(d.ID)
}

func (b *backlog) StartReplay(_ context.Context, r webhook.Replay) error { return b.carry(r.ID) }

func (b *backlog) carry(of string) error {
	if of == b.refuses {
		return errors.New("no")
	}
	b.carried = append(b.carried, of)
	return nil
}

// noMail has nothing to send.
type noMail struct{}

func (noMail) SendDue(context.Context, int) (int, error) { return 0, nil }

func sweeper(t *testing.T, n int, refuses ...int) (*activities.Sweeper, *overdue, *stubborn) {
	t.Helper()
	at := clock.NewManual(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	repo := &overdue{postponed: map[string]time.Time{}}
	engine := &stubborn{refuses: map[string]bool{}}
	for range n {
		repo.payments = append(repo.payments, payment.Intent{
			ID: id.New(id.Payment), Scope: merchant.Scope{MerchantID: "mch_1", Environment: merchant.Sandbox}, Status: payment.Processing,
		})
	}
	for _, i := range refuses {
		engine.refuses[repo.payments[i].ID] = true
	}
	v, err := vault.New(noCards{}, vault.Keys{Active: 1, ByVersion: map[int][]byte{1: make([]byte, 32)}, Fingerprint: make([]byte, 32)}, at)
	require.NoError(t, err)
	return &activities.Sweeper{
		Repository: repo, Orchestrator: engine, Notifications: noNotifications{}, Vault: v, Idempotency: noKeys{}, Sightings: &oldSightings{1007},
		Methods: &overdueMethods{}, Keeper: &keeper{}, Webhooks: (&backlog{}).ports(), Notices: noMail{},
		Clock: at, Logger: zap.NewNop(),
	}, repo, engine
}

// One payment that cannot be revived must not keep those behind it waiting.
func TestASweepGoesPastWhatItCannotRevive(t *testing.T) {
	s, repo, engine := sweeper(t, 10, 0, 3)
	done, err := s.Sweep(t.Context(), activities.SweepOptions{})
	require.ErrorContains(t, err, "no")
	require.Equal(t, 8, done.Payments)
	require.EqualValues(t, 1007, done.Sightings)
	require.Len(t, engine.revived, 8)
	require.Len(t, repo.postponed, 10)
	now := s.Clock.Now()
	require.Equal(t, now.Add(time.Minute), repo.postponed[repo.payments[0].ID], "tried again soon, behind the others")
	require.Equal(t, now.Add(10*time.Minute), repo.postponed[repo.payments[1].ID])
}

// A method whose workflow was never started gets it; one that cannot be looked after
// does not keep the others waiting.
func TestASweepRevivesPaymentMethods(t *testing.T) {
	s, _, _ := sweeper(t, 0)
	methods := &overdueMethods{postponed: map[string]time.Time{}, methods: []customer.PaymentMethod{
		{ID: "pm_1", Status: customer.MethodPending}, {ID: "pm_2", Status: customer.MethodDetached}, {ID: "pm_3", Status: customer.MethodPending},
	}}
	engine := &keeper{refuses: "pm_1"}
	s.Methods, s.Keeper = methods, engine
	done, err := s.Sweep(t.Context(), activities.SweepOptions{})
	require.ErrorContains(t, err, "no")
	require.Equal(t, 2, done.PaymentMethods)
	require.Equal(t, []string{"pm_2", "pm_3"}, engine.revived)
	now := s.Clock.Now()
	require.Equal(t, map[string]time.Time{
		"pm_1": now.Add(time.Minute), "pm_2": now.Add(10 * time.Minute), "pm_3": now.Add(10 * time.Minute),
	}, methods.postponed)
}

// Deliveries and replays whose workflow was lost get another, which goes on at once, and
// events past their time go with their deliveries.
func TestASweepRevivesWebhooks(t *testing.T) {
	s, _, _ := sweeper(t, 0)
	b := &backlog{
		refuses: "whd_1", waiting: []webhook.Delivery{{ID: "whd_1"}, {ID: "whd_2"}, {ID: "whd_3"}}, resting: []webhook.Replay{{ID: "whr_1"}},
		postponed: map[string]time.Time{}, old: 501, deleted: 1_200,
	}
	s.Webhooks = b.ports()
	done, err := s.Sweep(t.Context(), activities.SweepOptions{Ahead: time.Hour})
	require.ErrorContains(t, err, "no")
	require.Equal(t, []string{"whd_2", "whd_3", "whr_1"}, b.carried)
	require.Equal(t, 2, done.Webhooks)
	require.Equal(t, 1, done.WebhookReplays)
	require.EqualValues(t, 501, done.Events)
	require.EqualValues(t, 1_200, done.CanceledWebhooks)
	now := s.Clock.Now()
	require.Equal(t, map[string]time.Time{
		"whd_1": now.Add(time.Minute), "whd_2": now.Add(10 * time.Minute), "whd_3": now.Add(10 * time.Minute),
	}, b.postponed)
	old := now.Add(-30 * 24 * time.Hour)
	require.Equal(t, []time.Time{now.Add(-time.Minute), now.Add(-2 * time.Minute), old, old}, b.before,
		"what is due soon is not attempted early, not by a hub that starts either")
}

// After an outage of Temporal all retries were lost: a sweep revives them for as long as
// it has time, and the next one goes on.
func TestASweepRevivesWebhooksForAWhile(t *testing.T) {
	for _, c := range []struct {
		each time.Duration
		want int
	}{{0, 1_200}, {8 * time.Millisecond, 1_000}} {
		s, _, _ := sweeper(t, 0)
		b := &backlog{postponed: map[string]time.Time{}, took: func() { s.Clock.(*clock.Manual).Advance(c.each) }}
		for n := range 1_200 {
			b.waiting = append(b.waiting, webhook.Delivery{ID: fmt.Sprint("whd_", n)})
		}
		s.Webhooks = b.ports()
		for _, want := range []int{c.want, 1_200 - c.want} {
			done, err := s.Sweep(t.Context(), activities.SweepOptions{})
			require.NoError(t, err)
			require.Equal(t, want, done.Webhooks)
		}
		require.Len(t, b.carried, 1_200, "each once")
	}
}

// Events go as fast as they came, and a sweep ends all the same.
func TestASweepRemovesEventsForAWhile(t *testing.T) {
	s, _, _ := sweeper(t, 0)
	b := &backlog{old: 1_000_000}
	b.removed = func() { s.Clock.(*clock.Manual).Advance(100 * time.Millisecond) }
	s.Webhooks = b.ports()
	done, err := s.Sweep(t.Context(), activities.SweepOptions{})
	require.NoError(t, err)
	require.EqualValues(t, 50_000, done.Events, "10 seconds of batches of 500")
}

// With the payment engine away a sweep gives up soon.
func TestASweepEndsWhenNothingCanBeRevived(t *testing.T) {
	s, repo, engine := sweeper(t, 100)
	for _, p := range repo.payments {
		engine.refuses[p.ID] = true
	}
	done, err := s.Sweep(t.Context(), activities.SweepOptions{})
	require.Error(t, err)
	require.Zero(t, done.Payments)
	require.Less(t, len(repo.postponed), 6)
}
