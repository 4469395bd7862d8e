package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// Result is what became of one seed.
type Result struct {
	Seed       uint64      `json:"seed"`
	Steps      int         `json:"steps"`
	Database   Database    `json:"database"`
	Violations []Violation `json:"violations"`
	Error      string      `json:"error,omitempty"` // why the campaign itself could not go on
	Folder     string      `json:"folder,omitempty"`

	Payments   int     `json:"payments"`
	Operations int     `json:"operations"`
	Resent     int     `json:"requests_resent"`
	Kills      int     `json:"kills"`
	Restarts   int     `json:"restarts"`
	Faults     int     `json:"faults"`
	Webhooks   int64   `json:"webhooks"`
	Seconds    float64 `json:"seconds"`
}

// Failed reports whether a promise was broken, or the trial could not be made.
func (r Result) Failed() bool { return len(r.Violations) > 0 || r.Error != "" }

// try carries a plan out in its world, heals it and judges it.
func try(ctx context.Context, w *World, p Plan, say func(string)) (Result, error) {
	s := newSession(w, p)
	acting, giveUp := context.WithCancel(ctx)
	defer giveUp()
	say("operations and faults")
	err := s.carryOut(ctx, acting)
	if err == nil {
		say("healing")
		err = s.settle(ctx, giveUp)
	}
	giveUp()
	s.awaitActs(context.Background())
	r := s.result()
	if err != nil {
		return r, errors.Join(err, ctx.Err())
	}
	say("judging")
	return r, s.judge(ctx, &r)
}

// settle heals, lets the clients get their answers, and waits until it is quiet.
func (s *session) settle(ctx context.Context, giveUp func()) error {
	if err := s.heal(ctx); err != nil {
		return err
	}
	resolving, enough := context.WithCancel(ctx)
	var resolver sync.WaitGroup
	resolver.Go(func() { s.keepResolving(resolving) })
	answering, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	if !s.awaitActs(answering) {
		giveUp()
		s.awaitActs(context.Background())
	}
	s.shopAll(answering)
	enough()
	resolver.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return s.quieten(ctx)
}

func (s *session) result() Result {
	s.diary.mu.Lock()
	defer s.diary.mu.Unlock()
	operations := 0
	for _, step := range s.plan.Steps {
		if step.Operation != nil {
			operations++
		}
	}
	return Result{
		Seed: s.plan.Seed, Steps: len(s.plan.Steps), Database: s.plan.Database, Operations: operations,
		Resent: s.diary.resent, Kills: s.count.kills, Restarts: s.count.restarts, Faults: s.count.faults,
	}
}

const (
	// laterLimit is how long what is under way unseen may take: a step whose worker
	// was killed is given to another after half a minute.
	laterLimit = 45 * time.Second
	laterPause = 3 * time.Second
)

// judge gathers the evidence and judges it.
func (s *session) judge(ctx context.Context, r *Result) error {
	s.repeat(ctx)
	var e Evidence
	var judged []Violation
	for deadline := time.Now().Add(laterLimit); ; pause(ctx, laterPause) {
		var err error
		if e, judged, err = s.look(ctx); err != nil {
			return err
		}
		if len(judged) == 0 || s.diary.broken() || time.Now().After(deadline) {
			break
		}
	}
	r.Payments = len(e.Intents[0]) + len(e.Intents[1])
	if err := s.world.stopHub(); err != nil {
		s.diary.violate("shutdown", "", "%v", err)
	}
	for _, p := range s.world.processes() {
		for _, how := range p.endings() {
			s.diary.violate("ended", p.name, "it ended by itself: %s", how)
		}
	}
	logged, delivered, err := readLogs(s.world.options.Folder, s.plan.stopsHub())
	if err != nil {
		return err
	}
	r.Webhooks = delivered
	r.Violations = slices.Concat(s.diary.violations, judged, logged)
	if len(r.Violations) > 0 {
		return s.keep(e)
	}
	return nil
}

// look judges what hub and provider have now, and lets the hub's own auditor look.
func (s *session) look(ctx context.Context) (Evidence, []Violation, error) {
	e, err := s.evidence(ctx)
	if err != nil {
		return e, nil, err
	}
	e.Told = s.diary.told
	verified, err := s.verify(ctx)
	return e, append(Judge(e), verified...), err
}

// keep leaves the evidence, and what was planned, beside the logs.
func (s *session) keep(e Evidence) error {
	evidence, err := json.MarshalIndent(e, "", " ")
	if err != nil {
		return err
	}
	var plan bytes.Buffer
	if err := s.plan.Print(&plan); err != nil {
		return err
	}
	folder := s.world.options.Folder
	return errors.Join(os.WriteFile(filepath.Join(folder, "evidence.json"), evidence, 0o600),
		os.WriteFile(filepath.Join(folder, "plan.txt"), plan.Bytes(), 0o600))
}

// repeaters is how many requests are sent again at a time.
const repeaters = 4

// repeat sends every request that has its final answer once more.
func (s *session) repeat(ctx context.Context) {
	seen := map[string]bool{}
	queue := make(chan Told)
	var all sync.WaitGroup
	for range repeaters {
		all.Go(func() {
			for t := range queue {
				s.clients.persist(ctx, request{merchant: s.plan.Payments[t.Payment].Merchant, told: Told{
					Step: -1, Act: t.Act, Payment: t.Payment, Key: t.Key, Method: t.Method, Path: t.Path, Sent: t.Sent, Asked: t.Asked,
				}})
			}
		})
	}
	for _, t := range slices.Clone(s.diary.told) {
		if t.binding() && !seen[t.Key] {
			seen[t.Key] = true
			queue <- t
		}
	}
	close(queue)
	all.Wait()
}

// evidence asks hub and provider what they have.
func (s *session) evidence(ctx context.Context) (e Evidence, err error) {
	e.Payments = s.plan.Payments
	for _, step := range s.plan.Steps {
		e.ClockMoved = e.ClockMoved || step.Fault != nil && step.Fault.Kind == FaultClock
	}
	for m := range s.world.merchants {
		if e.Intents[m], err = listAll(ctx, s.clients, m, intentsPath, nil, intentID); err != nil {
			return e, err
		}
		if e.Refunds[m], err = listAll(ctx, s.clients, m, refundsPath, nil, refundID); err != nil {
			return e, err
		}
		if e.Disputes[m], err = listAll(ctx, s.clients, m, disputesPath, nil, disputeID); err != nil {
			return e, err
		}
		for _, p := range e.Intents[m] {
			s.clients.persist(ctx, request{merchant: m, told: Told{Step: -1, Act: ActRead, Method: http.MethodGet, Path: intentsPath + "/" + p.ID}})
		}
	}
	return e, s.provider.record(ctx, &e)
}

// verifyLimit bounds one run of verify.
const verifyLimit = 2 * time.Minute

// verify lets the hub's own auditor look at its books.
func (s *session) verify(ctx context.Context) ([]Violation, error) {
	args := []string{"verify", "--json", "--data-dir", s.world.data, "--simulator", "stripe=" + s.world.provider}
	out, err := s.world.command(ctx, verifyLimit, append(args, s.world.options.Database.flags()...)...)
	var report struct {
		Violations []struct {
			Rule     string `json:"rule"`
			ObjectID string `json:"object_id"`
			Message  string `json:"message"`
		} `json:"violations"`
		Total     int64 `json:"violations_total"`
		Unsettled int64 `json:"unsettled"`
	}
	if json.NewDecoder(strings.NewReader(out)).Decode(&report) != nil {
		return nil, err
	}
	var found []Violation
	for _, v := range report.Violations {
		found = append(found, Violation{"verify: " + v.Rule, v.ObjectID, v.Message})
	}
	if err != nil && len(found) == 0 {
		return nil, err
	}
	return found, nil
}
