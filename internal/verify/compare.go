package verify

import (
	"context"
	"fmt"
	"time"

	"paymenthub/internal/merchant"
	"paymenthub/internal/payment"
)

// The providers' records are read first and the payments after them, so a
// payment that a running hub has moved on meanwhile seems to disagree. Whatever
// disagrees is therefore only suspected, and looked at again in rounds: note
// its version, read the provider's record, read the payment. With the same
// version before and after, the record in between belongs to it, since the hub
// writes down every gateway call before and after it makes it. What a provider
// does by itself, a dispute or a refund that it takes back, reaches the hub
// later than its record: that is given until the last round.

const (
	confirmRounds = 3
	// maxSuspects bounds what is kept of them in memory.
	maxSuspects = 10_000
)

// suspect is a payment that seemed to disagree with the provider.
type suspect struct {
	scope   merchant.Scope
	version int64
}

// compare holds a batch against the providers' records.
func (r *run) compare(ctx context.Context, batch []*dossier) error {
	if r.spool == nil {
		return nil
	}
	ids := make([]string, 0, len(batch))
	for _, d := range batch {
		ids = append(ids, d.intent.ID)
	}
	records, err := r.spool.of(ctx, ids)
	if err != nil {
		return err
	}
	for _, d := range batch {
		found, settled := r.spool.judge(d, records[d.intent.ID])
		if found.report.Total == 0 {
			r.conclude(found, settled)
		} else if len(r.suspects) < maxSuspects {
			r.suspects[d.intent.ID] = suspect{scope: d.intent.Scope}
		} else {
			r.report.Unsettled++
		}
	}
	return nil
}

func (r *run) conclude(found findings, settled bool) {
	r.merge(found)
	if !settled {
		r.report.Unsettled++
	}
}

// confirm looks at the suspects again.
func (r *run) confirm(ctx context.Context) error {
	for round := range confirmRounds {
		if len(r.suspects) == 0 {
			return nil
		}
		if round > 0 {
			if err := pause(ctx, r.Patience/(confirmRounds-1)); err != nil {
				return err
			}
		}
		err := r.suspected(ctx, func(_ context.Context, d *dossier) error {
			id := d.intent.ID
			r.suspects[id] = suspect{scope: d.intent.Scope, version: d.intent.Version}
			return nil
		})
		if err != nil {
			return err
		}
		if _, err := r.spool.fill(ctx, r.suspects, func(int64) {}); err != nil {
			return err
		}
		last := round == confirmRounds-1
		if err := r.suspected(ctx, func(ctx context.Context, d *dossier) error { return r.rejudge(ctx, d, last) }); err != nil {
			return err
		}
	}
	r.report.Unsettled += int64(len(r.suspects))
	return nil
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// rejudge concludes on a suspect that stood still while the provider's record
// was read.
func (r *run) rejudge(ctx context.Context, d *dossier, last bool) error {
	id := d.intent.ID
	if r.suspects[id].version != d.intent.Version {
		return nil
	}
	records, err := r.spool.of(ctx, []string{id})
	if err != nil {
		return err
	}
	found, settled := r.spool.judge(d, records[id])
	if !last && found.onTheirWay() {
		return nil
	}
	r.conclude(found, settled)
	delete(r.suspects, id)
	return nil
}

// onTheirWay reports whether a violation may be of something that the provider
// did by itself and that the hub is about to hear of.
func (f *findings) onTheirWay() bool {
	for _, v := range f.report.Violations {
		switch v.Rule {
		case ProviderDisputeKnown, ProviderDisputeAgrees, ProviderRefundAgrees:
			return true
		}
	}
	return false
}

// suspected reads the suspects anew, in batches of one scope.
func (r *run) suspected(ctx context.Context, do func(context.Context, *dossier) error) error {
	byScope := map[merchant.Scope][]string{}
	for id, s := range r.suspects {
		byScope[s.scope] = append(byScope[s.scope], id)
	}
	for scope, ids := range byScope {
		for len(ids) > 0 {
			n := min(len(ids), batchSize)
			var batch map[string]*dossier
			err := within(ctx, r.Store, func(s *snapshot) error {
				intents, err := s.intentsByID(ids[:n])
				if err != nil {
					return err
				}
				batch, err = s.movements(scope, intents)
				return err
			})
			if err != nil {
				return err
			}
			for _, d := range batch {
				if err := do(ctx, d); err != nil {
					return err
				}
			}
			ids = ids[n:]
		}
	}
	return nil
}

// strangers finds what the providers did without the hub.
func (r *run) strangers(ctx context.Context) error {
	if r.spool == nil {
		return nil
	}
	if err := r.nameless(ctx); err != nil {
		return err
	}
	for after := ""; ; {
		ids, err := r.spool.paymentIDs(ctx, after)
		if err != nil || len(ids) == 0 {
			return err
		}
		var known []payment.Intent
		err = within(ctx, r.Store, func(s *snapshot) (err error) {
			known, err = s.intentsByID(ids)
			return err
		})
		if err != nil {
			return err
		}
		records, err := r.spool.of(ctx, ids)
		if err != nil {
			return err
		}
		for _, p := range known {
			delete(records, p.ID)
			r.hold(ProviderChargeKnown, true, "", "")
		}
		for paymentID, rec := range records {
			r.stranger(paymentID, rec)
		}
		after = ids[len(ids)-1]
	}
}

// stranger reports what the providers have of a payment that the hub does not know.
func (r *run) stranger(paymentID string, rec *record) {
	for _, c := range rec.charges {
		r.hold(ProviderChargeKnown, false, c.ID, "the provider charge of %d %s names the payment %q, which the hub does not know", c.Amount, c.Currency, paymentID)
	}
	for _, b := range rec.refunds {
		r.hold(ProviderRefundKnown, false, b.ID, "the provider refund of %d %s names the payment %q, which the hub does not know", b.Amount, b.Currency, paymentID)
	}
	for _, x := range rec.disputes {
		r.hold(ProviderDisputeKnown, false, x.ID, "the provider dispute of %d %s is of the payment %q, which the hub does not know", x.Amount, x.Currency, paymentID)
	}
}

// nameless finds charges, refunds and disputes that name no payment at all.
func (r *run) nameless(ctx context.Context) error {
	for table, rule := range map[string]Rule{"charges": ProviderChargeKnown, "refunds": ProviderRefundKnown, "disputes": ProviderDisputeKnown} {
		err := r.spool.each(ctx, func(scan scan) error {
			var id, gateway, currency string
			var amount int64
			if err := scan(&id, &gateway, &amount, &currency); err != nil {
				return err
			}
			r.hold(rule, false, id, "%s has it among its %s of %d %s, and it names no payment of the hub", gateway, table, amount, currency)
			return nil
		}, fmt.Sprintf("SELECT id, gateway, amount, currency FROM %s WHERE payment_id = ''", table))
		if err != nil {
			return err
		}
	}
	return nil
}
