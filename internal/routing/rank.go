package routing

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"math"
	"slices"
	"time"
)

// exploring is the share of payments, in ten-thousandths, that go to another gateway
// than the best first, so that one that has recovered is found again.
const exploring = 500

// drawn is a number from 0 to below n that is always the same for a payment and a purpose.
func drawn(paymentID, purpose string, n uint64) uint64 {
	digest := sha256.Sum256([]byte(purpose + "\x00" + paymentID))
	return binary.BigEndian.Uint64(digest[:8]) % n
}

// split orders the gateways of a split that can take the payment: the one that the
// payment falls to, then the others, the largest share first.
func split(shares map[string]int, usable []Candidate, paymentID string) (order []string, share int) {
	names := slices.SortedFunc(maps.Keys(shares), func(a, b string) int {
		return cmp.Or(cmp.Compare(shares[b], shares[a]), cmp.Compare(a, b))
	})
	names = slices.DeleteFunc(names, func(name string) bool { return named(name, usable) == "" })
	sum := 0
	for _, name := range names {
		sum += shares[name]
	}
	if sum == 0 {
		return meant(names, usable), 0
	}
	at := int(drawn(paymentID, "split", uint64(sum)))
	for i, name := range names {
		if at -= shares[name]; at < 0 {
			return meant(append([]string{name}, slices.Delete(slices.Clone(names), i, i+1)...), usable), shares[name]
		}
	}
	return meant(names, usable), 0
}

// ranking orders candidates by what they have shown or cost.
type ranking struct {
	question *Question
	region   Region
	outcomes *Outcomes
	rates    Rates
	now      time.Time
}

// cell is where payments like this one are counted.
func (r ranking) cell(gateway string) Cell {
	return Cell{
		Scope: r.question.Scope, Gateway: gateway, Currency: string(r.question.Amount.Currency), Region: r.region,
		Kind: Kind(r.question.Method, r.question.Brand),
	}
}

// choice of a candidate with the numbers that a strategy compares.
func (r ranking) choice(c Candidate, s Strategy) Choice {
	out := Choice{Gateway: c.Gateway}
	if s == Success || s == Value {
		if m, known := r.outcomes.Measure(r.cell(c.Gateway), r.now); known {
			out.Rate, out.Samples, out.Level = &m.Rate, m.Samples, m.Level
		}
	}
	if s == Cost || s == Value {
		out.Cost = c.Fees.cost(r.question, r.region, r.rates)
	}
	if s == Value && out.Rate != nil && out.Cost != nil {
		value := expected(r.question.Amount.Minor, *out.Cost, *out.Rate)
		out.Value = &value
	}
	return out
}

// measure is the number by which a strategy compares, larger being better; nil when it
// is not known.
func (c Choice) measure(s Strategy) *int64 {
	switch s {
	case Success:
		return c.Rate
	case Value:
		return c.Value
	case Cost:
		if c.Cost == nil {
			return nil
		}
		saved := -*c.Cost
		return &saved
	default:
		return nil
	}
}

// sorted puts the choices that can be compared into order. Those that cannot keep the
// place that they have by preference: with few payments, the preference decides.
func sorted(choices []Choice, s Strategy) []Choice {
	var places []int
	var comparable []Choice
	for i, c := range choices {
		if c.measure(s) != nil {
			places = append(places, i)
			comparable = append(comparable, c)
		}
	}
	slices.SortStableFunc(comparable, func(a, b Choice) int { return cmp.Compare(*b.measure(s), *a.measure(s)) })
	out := slices.Clone(choices)
	for i, place := range places {
		out[place] = comparable[i]
	}
	return out
}

// explore moves another gateway to the front for a fixed share of payments: of the
// others the one that may be the best, by what little is known of it lately.
func (r ranking) explore(choices []Choice, s Strategy) bool {
	if len(choices) < 2 || drawn(r.question.PaymentID, "explore", whole) >= exploring {
		return false
	}
	best, promise := 0, int64(0)
	for i := 1; i < len(choices); i++ {
		if s == Value && choices[i].Cost == nil {
			continue // without a price it never has a value, whatever is learned of it
		}
		if p := r.promise(choices[i], s); best == 0 || p > promise {
			best, promise = i, p
		}
	}
	if best == 0 {
		return false
	}
	found := choices[best]
	copy(choices[1:best+1], choices[:best])
	choices[0] = found
	return true
}

// promise is what a strategy would compare if the gateway did as well as what it has
// shown lately leaves possible.
func (r ranking) promise(c Choice, s Strategy) int64 {
	if c.measure(s) == nil {
		return math.MaxInt64 // nothing is known: anything is possible
	}
	high := r.outcomes.possible(r.cell(c.Gateway), r.now)
	if s == Value {
		return expected(r.question.Amount.Minor, *c.Cost, high)
	}
	return high
}
