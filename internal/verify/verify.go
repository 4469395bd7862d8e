// Package verify proves that money agrees. It reads the hub's database and,
// where there are simulators, the providers' own records, and holds every
// invariant of Rules against them.
//
// It only reads, works beside a running hub, and needs the same memory for any
// number of payments: payments are read in batches, each in one snapshot of the
// database, and the providers' records are kept in a temporary file.
package verify

import (
	"context"
	"errors"
	"time"

	"paymenthub/internal/clock"
	"paymenthub/internal/merchant"
	"paymenthub/internal/store"
)

// Witness is a provider's own record of what was charged, refunded and disputed.
type Witness struct {
	// Name is the provider's name in the hub, "stripe". Several witnesses may have one
	// name: their records are taken together.
	Name string
	// URL is the simulator's base URL; /_sim/charges, /_sim/refunds, /_sim/disputes
	// and /_sim/payment_methods below it are read.
	URL string
}

// Options say what to verify.
type Options struct {
	Store     *store.Store
	Witnesses []Witness
	// Progress is told, if not nil, how far each step is. total is 0 where it is
	// not known.
	Progress func(step string, done, total int64)
	// Patience is how long what a provider did by itself (a dispute, a refund that
	// it took back) may take to reach the hub before it counts as not known there.
	// It is waited for only when something is amiss.
	Patience time.Duration
	// Clock decides what is overdue; nil means the system's.
	Clock clock.Clock
}

// Violation is one broken invariant.
type Violation struct {
	Rule     Rule   `json:"rule"`
	ObjectID string `json:"object_id"` // of the payment, refund, event … or of the provider's object
	Message  string `json:"message"`
}

// Report is what was found.
type Report struct {
	// Violations holds the first MaxViolations; Total counts all.
	Violations []Violation `json:"violations"`
	Total      int64       `json:"violations_total"`
	// Payments counts those checked, Charges, Refunds and Disputes the rows of the
	// providers' records.
	Payments int64 `json:"payments"`
	Charges  int64 `json:"provider_charges"`
	Refunds  int64 `json:"provider_refunds"`
	Disputes int64 `json:"provider_disputes"`
	// Unsettled counts payments whose outcome is not known yet, of which a
	// provider told something that is not applied yet, or that changed again and
	// again while they were compared with the provider: their state there could
	// not be judged. It stays 0 without witnesses.
	Unsettled int64 `json:"unsettled"`
	// NeedsOperator counts what the hub raised. It is no violation.
	NeedsOperator NeedsOperator `json:"needs_operator"`
	// Checked counts how often each rule was held against something.
	Checked map[Rule]int64 `json:"checked"`
}

// NeedsOperator counts what the hub could not decide by itself.
type NeedsOperator struct {
	Payments      int64 `json:"payments"`
	Refunds       int64 `json:"refunds"`
	Methods       int64 `json:"payment_methods"`
	Notifications int64 `json:"notifications"` // that contradict the hub's records
}

// Total is how much waits for an operator.
func (n NeedsOperator) Total() int64 { return n.Payments + n.Refunds + n.Methods + n.Notifications }

// MaxViolations bounds the violations that a report lists.
const MaxViolations = 1000

// Run checks everything once. Violations are no error; not being able to read
// the database or a witness to its end is one.
func Run(ctx context.Context, o Options) (Report, error) {
	if o.Clock == nil {
		o.Clock = clock.System{}
	}
	r := &run{Options: o, findings: newFindings(), suspects: map[string]suspect{}}
	err := r.all(ctx)
	if r.spool != nil {
		err = errors.Join(err, r.spool.close())
	}
	return r.report, err
}

// run is one verification under way.
type run struct {
	Options
	findings
	spool    *spool // nil without witnesses
	suspects map[string]suspect
	total    int64
	last     string // the newest payment's id when the run began; later ones are left for the next run
}

func (r *run) all(ctx context.Context) error {
	if len(r.Witnesses) > 0 {
		var err error
		if r.spool, err = newSpool(ctx, r.Witnesses); err != nil {
			return err
		}
		read, err := r.spool.fill(ctx, nil, r.recordRead)
		if err != nil {
			return err
		}
		r.report.Charges, r.report.Refunds, r.report.Disputes = read.charges, read.refunds, read.disputes
	}
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{
		{stepPayments, r.count}, {stepPayments, r.payments}, {"balances", r.accounts}, {"owners of events", r.owners},
		{"owners of disputes", r.disputeOwners}, {"security codes", r.codes}, {"notifications", r.notifications},
		{"webhook deliveries", r.deliveries}, {"events that were not delivered", r.untold},
		{"default payment methods", r.defaults}, {"payment methods under way", r.waiting}, {"saved payment methods", r.methods},
		{"strangers at the providers", r.strangers}, {"what seems to disagree", r.confirm},
	} {
		r.told(step.name, 0, 0)
		if err := step.do(ctx); err != nil {
			return err
		}
	}
	return nil
}

const stepPayments = "payments"

func (r *run) told(step string, done, total int64) {
	if r.Progress != nil {
		r.Progress(step, done, total)
	}
}

// recordRead tells of the providers' records, now and then.
func (r *run) recordRead(rows int64) {
	if rows%batchSize == 0 {
		r.told("rows of the providers' records", rows, 0)
	}
}

// count learns how much there is to do.
func (r *run) count(ctx context.Context) error {
	return within(ctx, r.Store, func(s *snapshot) error {
		if err := s.patient(); err != nil {
			return err
		}
		return s.each(func(scan scan) error { return scan(&r.total, &r.last) },
			"SELECT count(*), coalesce(max(id), '') FROM payment_intents")
	})
}

// batchSize is how many payments are read and checked at a time.
const batchSize = 250

// payments checks every payment with all that belongs to it, merchant by
// merchant: that is how the rows are indexed.
func (r *run) payments(ctx context.Context) error {
	for after := ""; ; {
		var merchants []string
		err := within(ctx, r.Store, func(s *snapshot) (err error) {
			merchants, err = read(s, func(scan scan, id *string) error { return scan(id) },
				"SELECT id FROM merchants WHERE id > ? ORDER BY id LIMIT ?", after, batchSize)
			return err
		})
		if err != nil || len(merchants) == 0 {
			return err
		}
		for _, id := range merchants {
			for _, env := range []merchant.Environment{merchant.Sandbox, merchant.Live} {
				if err := r.scope(ctx, merchant.Scope{MerchantID: id, Environment: env}); err != nil {
					return err
				}
			}
		}
		after = merchants[len(merchants)-1]
	}
}

// scope checks the payments of one merchant's environment.
func (r *run) scope(ctx context.Context, scope merchant.Scope) error {
	for after := ""; ; {
		var batch []*dossier
		err := within(ctx, r.Store, func(s *snapshot) error {
			intents, err := s.intents(scope, after, r.last)
			if err != nil || len(intents) == 0 {
				return err
			}
			batch, err = s.dossiers(scope, intents)
			return err
		})
		if err != nil || len(batch) == 0 {
			return err
		}
		for _, d := range batch {
			r.payment(d)
		}
		if err := r.compare(ctx, batch); err != nil {
			return err
		}
		after = batch[len(batch)-1].intent.ID
		r.report.Payments += int64(len(batch))
		r.told(stepPayments, r.report.Payments, max(r.total, r.report.Payments))
	}
}

// payment holds a payment against all rules that need nothing but the database.
func (r *run) payment(d *dossier) {
	now := r.Clock.Now()
	r.raised(d)
	r.amounts(d)
	r.state(d)
	r.times(d, now)
	r.attempts(d)
	r.failovers(d)
	r.keys(d)
	r.evidence(d)
	r.refunds(d, now)
	r.disputes(d, now)
	r.books(d)
	r.promised(d)
	r.converted(d)
	r.events(d, now)
	r.cards(d)
}

// raised counts what waits for an operator.
func (r *run) raised(d *dossier) {
	if d.intent.Attention != "" {
		r.report.NeedsOperator.Payments++
	}
	for _, one := range d.refunds {
		if one.Attention != "" {
			r.report.NeedsOperator.Refunds++
		}
	}
}
