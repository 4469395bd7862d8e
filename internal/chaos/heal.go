package chaos

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"time"
)

const (
	// answerLimit bounds how long clients wait for answers once everything is healed.
	answerLimit = 90 * time.Second
	// quietLimit bounds how long outcomes may stay unknown after that.
	quietLimit = 60 * time.Second
	// resolvePause is between two requests to look up what is unknown.
	resolvePause = 5 * time.Second
	quietPause   = 250 * time.Millisecond
	// flushPause is between two flushes: each is one of the few tries that the
	// provider gives a webhook.
	flushPause = 3 * time.Second
	// settleTime is what the provider takes to settle a refund, or to take it back.
	settleTime = 3300 * time.Millisecond
	// signatureTolerance is how wrong a clock may be for the hub to believe the
	// provider's webhooks.
	signatureTolerance = 4 * time.Minute
)

// heal mends the provider and waits until every process answers. All faults are over.
func (s *session) heal(ctx context.Context) error {
	if err := s.provider.heal(ctx); err != nil {
		return err
	}
	if s.world.clockOffset().Abs() > signatureTolerance {
		if err := s.step(0); err != nil {
			return err
		}
	}
	for _, p := range s.world.processes() {
		if err := p.await(ctx); err != nil {
			s.diary.violate("recovery", p.name, "%v", err)
			return err
		}
	}
	return nil
}

// resolve asks for a look-up of all that is unknown, and says how many webhooks
// waited to be applied.
func (s *session) resolve(ctx context.Context) (webhooks int) {
	args := []string{"resolve", "--data-dir", s.world.data, "--temporal-address", s.world.temporalAddr}
	out, err := s.world.command(ctx, commandLimit, append(args, s.world.options.Database.flags()...)...)
	if err == nil {
		var payments, refunds int
		_, err = fmt.Sscanf(out, "asked for %d payments and %d refunds, applied %d webhooks", &payments, &refunds, &webhooks)
	}
	if err != nil && ctx.Err() == nil {
		s.diary.violate("resolve", "", "%v", err)
	}
	return webhooks
}

// keepResolving resolves now and then until ctx ends.
func (s *session) keepResolving(ctx context.Context) {
	for ctx.Err() == nil {
		s.resolve(ctx)
		pause(ctx, resolvePause)
	}
}

// quieten waits until nothing is under way any more: no webhook, no payment, no
// refund. What is still open at the end of its time is for the judge.
func (s *session) quieten(ctx context.Context) error {
	quiet, err := s.awaitQuiet(ctx)
	if err != nil || !quiet || !s.plan.settlesLater() {
		return err
	}
	pause(ctx, settleTime)
	_, err = s.awaitQuiet(ctx)
	return err
}

// settlesLater reports whether the provider says more of a refund, some time
// after it was asked for.
func (p Plan) settlesLater() bool {
	return slices.ContainsFunc(p.Steps, func(s Step) bool {
		return s.Operation != nil && (s.Operation.Card == RefundsLate || s.Operation.Card == RefundsFail)
	})
}

func (s *session) awaitQuiet(ctx context.Context) (bool, error) {
	var flushed, resolved time.Time
	var waiting int64
	var open, unapplied int
	for deadline := time.Now().Add(quietLimit); time.Now().Before(deadline); pause(ctx, quietPause) {
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		if time.Since(flushed) > flushPause {
			flushed = time.Now()
			if err := s.provider.flush(ctx); err != nil {
				return false, err
			}
		}
		var err error
		if waiting, err = s.provider.pending(ctx); err != nil {
			return false, err
		}
		if open, err = s.open(ctx); err != nil {
			return false, err
		}
		calm := waiting == 0 && open == 0
		if calm && unapplied == 0 || time.Since(resolved) > resolvePause {
			resolved = time.Now()
			if unapplied = s.resolve(ctx); unapplied == 0 && calm {
				return true, nil
			}
		}
	}
	s.diary.violate("quiet", "", "%s after everything was healed %d webhooks are not delivered, %d payments and refunds are open, %d webhooks are not applied",
		quietLimit, waiting, open, unapplied)
	return false, nil
}

// open counts the payments and refunds that are under way, as the hub tells it.
func (s *session) open(ctx context.Context) (int, error) {
	count := 0
	for m := range s.world.merchants {
		for _, status := range []string{processing, requiresAction} {
			intents, err := listAll(ctx, s.clients, m, intentsPath, url.Values{"status": {status}}, intentID)
			if err != nil {
				return 0, err
			}
			count += len(intents)
		}
		refunds, err := listAll(ctx, s.clients, m, refundsPath, nil, refundID)
		if err != nil {
			return 0, err
		}
		for _, r := range refunds {
			if r.Status == pending {
				count++
			}
		}
	}
	return count, nil
}
