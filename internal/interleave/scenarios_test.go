package interleave_test

import (
	"fmt"
	"strconv"
	"testing"

	"paymenthub/internal/interleave"
	"paymenthub/internal/payment"
	"paymenthub/internal/store"
)

// scenario is who races on what kind of payment. The line-up is made anew for
// each seed, and may bring the payment where the race begins.
type scenario struct {
	name   string
	method payment.CaptureMethod
	lineUp func(r *race) []runner
}

const (
	manual    = payment.CaptureManual
	automatic = payment.CaptureAutomatic
)

var scenarios = []scenario{
	{"capture against void", manual, held(capture(700), void(payment.VoidCanceled))},
	{"capture against expiry", manual, held(capture(0), void(payment.VoidExpired))},
	{"capture against capture", manual, held(capture(400), capture(600))},
	{"capture against void against expiry", manual, held(capture(0), void(payment.VoidCanceled), void(payment.VoidExpired))},
	{"void against expiry", manual, held(void(payment.VoidCanceled), void(payment.VoidExpired))},
	{"sweep against capture and void", manual, held(sweeping, capture(1), void(payment.VoidCanceled))},
	{"one capture by two workers", manual, held(byTwo(capture(500)))},
	{"one void by two workers against a capture", manual, held(byTwo(void(payment.VoidCanceled)), capture(500))},

	{"refund against refund", automatic, captured(refund(600), refund(700))},
	{"three refunds", automatic, captured(refund(400), refund(400), refund(400))},
	{"refund of the rest against refund", automatic, captured(refund(0), refund(1))},
	{"one refund by two workers", automatic, crowded(captured(byTwo(refund(300)), refund(800)))},

	{"confirm against cancel", automatic, opened(confirm(interleave.CardApproved), canceling)},
	{"confirm against expiry", manual, opened(confirm(interleave.CardApproved), expiring)},
	{"confirm against confirm", automatic, opened(confirm(interleave.CardApproved), confirm(interleave.CardChallenge))},
	{"declined card against approved card against cancel", manual, opened(confirm(interleave.CardDeclined), confirm(interleave.CardApproved), canceling)},
	{"one confirm by two workers against a look-up", manual, opened(byTwo(confirm(interleave.CardApproved)), lookingUp)},
	{"sweep against confirm and expiry", automatic, opened(sweeping, confirm(interleave.CardApproved), expiring)},

	{"shopper against void", manual, acting(shopper(true), void(payment.VoidCanceled))},
	{"shopper of a sale against expiry", automatic, acting(shopper(true), void(payment.VoidExpired))},
	{"refusing shopper against void against look-up", automatic, acting(shopper(false), void(payment.VoidCanceled), lookingUp)},

	{"confirm left behind against look-ups", automatic, behind(opened(), confirm(interleave.CardApproved), lookingUp, lookingUp)},
	{"confirm left behind past its hour", automatic, late(behind(opened(), confirm(interleave.CardApproved), lookingUp))},
	{"capture left behind against look-up and void", manual, behind(held(), capture(700), lookingUp, void(payment.VoidCanceled))},
	{"void left behind against look-up and capture", manual, behind(held(), void(payment.VoidCanceled), lookingUp, capture(700))},
	{"void of an acting payment left behind", manual, behind(acting(shopper(true)), void(payment.VoidExpired), lookingUp, sweeping)},
	{"refund left behind against refund", automatic, crowded(behind(captured(), refund(300), refund(800)))},
}

// opened is a payment that nobody has confirmed.
func opened(racers ...racer) func(*race) []runner {
	return func(r *race) (line []runner) {
		for i, one := range racers {
			do := one.enter(r)
			for range max(one.workers, 1) {
				line = append(line, runner{fmt.Sprintf("racer %d.%d", i+1, len(line)+1), do})
			}
		}
		return line
	}
}

// after has a step taken before the race.
func after(first racer, racers []racer) func(*race) []runner {
	return func(r *race) []runner {
		r.alone(first.enter(r))
		return opened(racers...)(r)
	}
}

// held is a payment whose amount the provider holds, captured one that was
// sold, acting one that waits for its shopper.
func held(racers ...racer) func(*race) []runner {
	return after(confirm(interleave.CardApproved), racers)
}

func captured(racers ...racer) func(*race) []runner {
	return after(confirm(interleave.CardApproved), racers)
}

func acting(racers ...racer) func(*race) []runner {
	return after(confirm(interleave.CardChallenge), racers)
}

// behind has a step taken whose outcome nobody learns. Another worker repeats
// it in the race.
func behind(before func(*race) []runner, step racer, racers ...racer) func(*race) []runner {
	return func(r *race) []runner {
		line := before(r)
		do := step.enter(r)
		r.leave(do)
		line = append(line, opened(racers...)(r)...)
		return append(line, runner{"the step again", do})
	}
}

// late lets the intent's hour be over.
func late(line func(*race) []runner) func(*race) []runner {
	return func(r *race) []runner {
		r.pastHour = true
		return line(r)
	}
}

// crowded has several workers send one refund.
func crowded(line func(*race) []runner) func(*race) []runner {
	return func(r *race) []runner {
		r.crowded = true
		return line(r)
	}
}

func TestInterleavingsOnSQLite(t *testing.T) {
	t.Parallel()
	races(t, sqlite(t), scenarios, 80, (*race).run)
}

func TestInterleavingsOnPostgres(t *testing.T) {
	t.Parallel()
	races(t, postgres(t), scenarios, 12, (*race).run)
}

// TestAtOnceOnPostgres leaves the order to the database, which decides between
// transactions that really are simultaneous. It cannot be run again as it was.
func TestAtOnceOnPostgres(t *testing.T) {
	t.Parallel()
	races(t, postgres(t), scenarios, 6, (*race).runAtOnce)
}

// races runs every scenario of a list under n seeds, and proves the books of all.
func races(t *testing.T, o store.Options, list []scenario, n int, run func(*race, []runner)) {
	w := newTown(t, o)
	for _, s := range list {
		t.Run(s.name, func(t *testing.T) {
			for seed := range n {
				t.Run(strconv.Itoa(seed), func(t *testing.T) {
					r := newRace(t, w, s.method, s.name, seed)
					run(r, s.lineUp(r))
				})
			}
		})
	}
	w.verified(t)
}
