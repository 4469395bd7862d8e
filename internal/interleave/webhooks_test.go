package interleave_test

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/interleave"
	"paymenthub/internal/merchant"
	"paymenthub/internal/notification"
	"paymenthub/internal/payment"
)

// answerTime is how long a webhook waits for the answer to our own call.
const answerTime = 3 * time.Second

// newReceiver makes a receiver whose background never comes to anything: what
// it would do there is done by tasks of the race.
func (r *race) newReceiver() *notification.Receiver {
	receiver := notification.NewReceiver(notification.Options{
		Account: func(ctx context.Context, provider, account string) (notification.Account, error) {
			a, err := r.steps.Gateways.Webhooks(ctx, provider, account)
			if err != nil {
				return notification.Account{}, err
			}
			return notification.Account{Environment: a.Environment, Gateway: a.Name, Reader: a}, nil
		},
		Repository: interleave.Notifications{Repository: r.db.Notifications(), Hook: r.hook},
		Payments:   r.steps.Repository, Orchestrator: revival{race: r}, Sealer: r.steps.Vault, Clock: r.clock,
		Raised: func(notification.Notification) {}, Failed: func(string, error) {},
	})
	receiver.Close()
	return receiver
}

// A post delivers the provider's webhooks during the race: some twice, some
// not at all, in any order or the newest first.
type post struct {
	random *rand.Rand
	latest bool
}

var (
	posting   = racer{enter: func(r *race) func(context.Context) { return r.post(false) }}
	backwards = racer{enter: func(r *race) func(context.Context) { return r.post(true) }}
)

func (r *race) post(latest bool) func(context.Context) {
	r.telling = true
	p := post{random: rand.New(rand.NewPCG(r.random.Uint64(), 1)), latest: latest}
	return func(ctx context.Context) {
		for range 5 {
			interleave.Point(ctx, "webhook")
			if all := r.provider.Webhooks(r.id); len(all) > 0 {
				r.deliver(ctx, p.pick(all))
			} else if r.atOnce {
				time.Sleep(time.Millisecond)
			}
		}
	}
}

func (p post) pick(all []interleave.Webhook) interleave.Webhook {
	if p.latest {
		return all[len(all)-1-p.random.IntN(min(2, len(all)))]
	}
	return all[p.random.IntN(len(all))]
}

// deliver sends a webhook until the hub says that it has it; then it is applied
// in the background.
func (r *race) deliver(ctx context.Context, w interleave.Webhook) {
	r.must(r.take(ctx, func(ctx context.Context) error {
		return r.receiver.Receive(ctx, r.provider.Provider(), string(merchant.Sandbox), w.Header, w.Body)
	}))
	if n, waits := r.waiting(w.ID); waits {
		r.spawn(ctx, "background of "+w.ID, func(ctx context.Context) { r.background(ctx, n) })
	}
}

// background does what a receiver does after it has answered.
func (r *race) background(ctx context.Context, n notification.Notification) {
	for waits := true; waits; {
		before := r.clock.Now()
		r.must(r.take(ctx, func(ctx context.Context) error { return r.receiver.Apply(ctx, n) }))
		if r.clock.Now().Sub(n.ReceivedAt) > 4*answerTime || !r.racing {
			return // the sweep goes on
		}
		if r.clock.Now().Equal(before) {
			r.clock.Advance(answerTime)
		}
		n, waits = r.waiting(n.EventID)
	}
}

// waiting finds the notification of an event, if it is not settled.
func (r *race) waiting(eventID string) (notification.Notification, bool) {
	for _, n := range r.unsettled() {
		if n.EventID == eventID {
			return n, true
		}
	}
	return notification.Notification{}, false
}

func (r *race) unsettled() []notification.Notification {
	list, more, err := r.db.Notifications().List(context.Background(), notification.Filter{Status: notification.Received, Limit: 100})
	r.must(err)
	require.False(r.t, more)
	return list
}

// deliverAll delivers all webhooks of the payment in a wild order.
func (r *race) deliverAll(ctx context.Context) {
	all := r.provider.Webhooks(r.id)
	for _, i := range r.random.Perm(len(all)) {
		r.deliver(ctx, all[i])
	}
}

// applyAll lets time pass until the sweep has settled all notifications.
func (r *race) applyAll(ctx context.Context) {
	for range 6 {
		parked := r.parked
		r.parked = nil
		for _, again := range parked {
			again(ctx)
		}
		if len(r.unsettled()) == 0 && len(r.parked) == 0 {
			return
		}
		r.clock.Advance(61 * time.Minute)
		_, err := r.receiver.ApplyDue(ctx, 100)
		r.must(err)
	}
}

// checkNotifications demands that all notifications are settled, and that an
// operator is called to the mistaken ones alone.
func (r *race) checkNotifications(state string) {
	r.t.Helper()
	if !r.telling {
		return
	}
	for _, n := range r.unsettled() {
		r.demand(false, "%s %s of %s is not settled: %s", n.EventID, n.Type, n.PaymentID, state)
	}
	raised := map[string]string{} // by the event: why
	list, _, err := r.db.Notifications().List(context.Background(), notification.Filter{Status: notification.Raised, Limit: 30})
	require.NoError(r.t, err)
	for _, n := range list {
		raised[n.EventID] = n.Why
	}
	for _, w := range r.provider.Webhooks(r.id) {
		r.demand(raised[w.ID] == "", "an honest webhook is raised, %s: %s: %s", w.ID, raised[w.ID], state)
	}
	for event := range r.mistaken {
		r.demand(raised[event] != "", "the mistaken webhook %s is not raised: %s", event, state)
	}
}

// checkDisputes holds the hub's disputes against the provider's.
func (r *race) checkDisputes(state string) {
	r.t.Helper()
	theirs := map[string]interleave.Dispute{}
	for _, c := range r.provider.Charges(r.id) {
		for _, d := range c.Disputes {
			theirs[d.Reference] = d
		}
	}
	ours, _, err := r.db.Payments().Disputes(context.Background(), r.scope, payment.DisputeFilter{PaymentID: r.id, Page: payment.Page{Limit: 10}})
	require.NoError(r.t, err)
	r.demand(len(ours) == len(theirs), "hub %+v: %s", ours, state)
	for _, d := range ours {
		t := theirs[d.GatewayReference]
		kept := int64(0)
		if d.Withdrawn && !d.Reinstated {
			kept = d.Amount
		}
		r.demand(t.Says() == d.Status && t.Amount == d.Amount && t.Kept() == kept, "hub %+v: %s", d, state)
	}
}
