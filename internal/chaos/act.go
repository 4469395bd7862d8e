package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
)

// object is a JSON object to send.
type object map[string]any

// shopURL is where shoppers are to end up; nobody answers there.
const shopURL = "https://shop.example/thanks"

// perform does what one step of the plan says.
func (s *session) perform(ctx context.Context, step int, o Operation) {
	for _, before := range o.Needs {
		select {
		case <-s.marks[before].done:
		case <-ctx.Done():
			return
		}
	}
	switch o.Act {
	case ActCreate, ActPay:
		s.make(ctx, step, o)
	case ActList:
		s.ask(ctx, step, o, o.Payment, intentsPath+"?limit=20")
	case ActRead:
		if id := s.slots[o.Payment].name(); id != "" {
			s.ask(ctx, step, o, s.plan.Payments[o.Payment].Merchant, intentsPath+"/"+id)
		}
	case ActShopper:
		s.shop(ctx, step, o)
	default:
		s.change(ctx, step, o)
	}
}

// key is the Idempotency-Key of a step.
func (p Plan) key(step int) string { return fmt.Sprintf("seed %d step %d", p.Seed, step) }

// make makes the step's payment.
func (s *session) make(ctx context.Context, step int, o Operation) {
	about := s.plan.Payments[o.Payment]
	body := object{"amount": about.Amount, "currency": about.Currency, "metadata": object{"story": about.Story}}
	if about.Manual {
		body["capture_method"] = "manual"
	}
	if o.Act == ActPay {
		body["confirm"], body["payment_method"], body["return_url"] = true, cardOf(o.Card), shopURL
	}
	for _, t := range s.write(ctx, step, o, intentsPath, body) {
		if t.Intent != nil && t.Intent.ID != "" {
			slot := &s.slots[o.Payment]
			slot.mu.Lock()
			slot.id = t.Intent.ID
			slot.mu.Unlock()
		}
	}
}

// change asks for something to happen to a payment that is there.
func (s *session) change(ctx context.Context, step int, o Operation) {
	id := s.slots[o.Payment].name()
	if id == "" {
		return // its creation has failed, and that is on record
	}
	if !o.Hasty {
		s.awaitKnown(ctx, step, o.Payment)
	}
	path, body := intentsPath+"/"+id+"/"+string(o.Act), object{}
	switch o.Act {
	case ActConfirm:
		body["payment_method"], body["return_url"] = cardOf(o.Card), shopURL
	case ActRefund:
		path, body["intent_id"] = refundsPath, id
	}
	if o.Amount > 0 {
		body["amount"] = o.Amount
	}
	s.write(ctx, step, o, path, body)
}

func cardOf(c Card) object {
	return object{"type": "card", "card": object{"number": numbers[c], "exp_month": 12, "exp_year": 2040, "cvc": "123", "holder_name": "Ada Lovelace"}}
}

// write sends a request until it is answered, twice at once where the plan says so.
func (s *session) write(ctx context.Context, step int, o Operation, path string, body object) []Told {
	sent, err := json.Marshal(body)
	if err != nil {
		s.diary.violate("campaign", path, "%v", err)
		return nil
	}
	r := request{
		told:     Told{Step: step, Act: o.Act, Payment: o.Payment, Key: s.plan.key(step), Method: http.MethodPost, Path: path, Sent: sent, Asked: o.Amount},
		merchant: s.plan.Payments[o.Payment].Merchant,
		sent:     s.markSent(step),
	}
	times := 1
	if o.Twice {
		times = 2
	}
	answers := make([]Told, times)
	var all sync.WaitGroup
	for i := range times {
		all.Go(func() { answers[i], _ = s.clients.persist(ctx, r) })
	}
	all.Wait()
	return answers
}

// ask reads something.
func (s *session) ask(ctx context.Context, step int, o Operation, merchant int, path string) (Told, bool) {
	return s.clients.persist(ctx, request{
		told:     Told{Step: step, Act: o.Act, Payment: o.Payment, Method: http.MethodGet, Path: path},
		merchant: merchant,
		sent:     s.markSent(step),
	})
}

// markSent returns what to call when the step's request is sent first; nil for
// requests that are no step of the plan.
func (s *session) markSent(step int) func() {
	if step < 0 {
		return nil
	}
	return func() { s.marks[step].once.Do(func() { close(s.marks[step].sent) }) }
}

// awaitKnown reads a payment until its outcome is known, as a merchant does.
func (s *session) awaitKnown(ctx context.Context, step, payment int) Intent {
	for ctx.Err() == nil {
		t, ok := s.ask(ctx, step, Operation{Act: ActRead, Payment: payment}, s.plan.Payments[payment].Merchant, intentsPath+"/"+s.slots[payment].name())
		if ok && t.Intent != nil && t.Intent.Status != processing {
			return *t.Intent
		}
		pause(ctx, 2*retryPause)
	}
	return Intent{}
}

// shop is the shopper at the issuer's page, and on the way back.
func (s *session) shop(ctx context.Context, step int, o Operation) {
	slot := &s.slots[o.Payment]
	if slot.name() == "" {
		return
	}
	p := s.awaitKnown(ctx, step, o.Payment)
	if p.Status != requiresAction || p.NextAction == nil {
		return
	}
	location, err := s.provider.answerChallenge(ctx, p.NextAction.URL, o.Approve)
	if err != nil {
		if ctx.Err() == nil {
			s.diary.violate("challenge", p.ID, "the shopper could not answer: %v", err)
		}
		return
	}
	slot.mu.Lock()
	slot.answered = true
	slot.mu.Unlock()
	if o.Return && location != "" {
		s.comeBack(ctx, p.ID, location)
	}
}

// shopAll lets the shoppers who are still at the issuer's page answer.
func (s *session) shopAll(ctx context.Context) {
	for i := range s.slots {
		slot := &s.slots[i]
		slot.mu.Lock()
		away := slot.id != "" && !slot.answered
		slot.mu.Unlock()
		if away {
			s.shop(ctx, -1, Operation{Act: ActShopper, Payment: i, Approve: true})
		}
	}
}

// comeBack follows the shopper's browser to the hub, and reloads the page until
// it answers.
func (s *session) comeBack(ctx context.Context, id, location string) {
	if !strings.HasPrefix(location, s.world.hub+"/return/"+id+"?") {
		s.diary.violate("return", id, "the shopper was sent back to %s", location)
		return
	}
	for ctx.Err() == nil {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, location, nil)
		if err != nil {
			return
		}
		res, err := s.clients.http.Do(req)
		if err == nil {
			_ = res.Body.Close()
			switch {
			case res.StatusCode == http.StatusSeeOther && strings.HasPrefix(res.Header.Get("Location"), shopURL+"?"):
				return
			case res.StatusCode != http.StatusServiceUnavailable:
				s.diary.violate("return", id, "the return page answered %d (Location %q)", res.StatusCode, res.Header.Get("Location"))
				return
			}
		}
		s.diary.again()
		pause(ctx, retryPause)
	}
}
