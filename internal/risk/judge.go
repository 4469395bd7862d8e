package risk

import (
	"fmt"
	"time"

	"paymenthub/internal/money"
)

// Evidence is what is known of an attempt. The counts hold the attempt itself and
// stop one above the limit of their rule; 0 where nothing was counted.
type Evidence struct {
	Sighting Sighting
	ByCard   int // attempts with the card in the window of velocity_card
	ByIP     int // attempts from the address in the window of velocity_ip
	ByEmail  int // attempts with the e-mail address in the window of velocity_email
}

// Countries knows where cards and addresses are from: ISO 3166-1 alpha-2, ""
// when it does not.
type Countries interface {
	OfBIN(bin string) string
	OfIP(address string) string
}

// origin are the countries of an attempt; "" for those not known.
type origin struct{ bin, ip, billing string }

// judge is rules prepared for many attempts.
type judge struct {
	rules        Rules
	limits       map[money.Currency]int64
	block, allow list
	countries    Countries
	testCard     string // fingerprint; "": none
}

func newJudge(r Rules, countries Countries, testCard string) *judge {
	j := &judge{
		rules: r, limits: map[money.Currency]int64{}, block: newList(r.BlockList), allow: newList(r.AllowList),
		countries: countries, testCard: testCard,
	}
	for _, limit := range r.AmountLimit.Limits {
		j.limits[limit.Currency] = limit.Amount
	}
	return j
}

// needsSighting reports whether there are rules about more than the card: then
// what was seen of the shopper must be read.
func (j *judge) needsSighting() bool {
	r := j.rules
	return r.VelocityCard.Enabled || r.VelocityIP.Enabled || r.VelocityEmail.Enabled || r.BINCountryIP.Enabled ||
		r.BINCountryBilling.Enabled || r.CustomerMismatch.Enabled || !j.block.empty() || !j.allow.empty()
}

// assess adds up the points of the rules that fire.
func (j *judge) assess(s Subject, e Evidence) Assessment {
	from := j.origin(e.Sighting)
	var reasons []Reason
	add := func(rule string, points int, text string) {
		if text != "" {
			reasons = append(reasons, Reason{Rule: rule, Points: points, Text: text})
		}
	}
	r := j.rules
	add(RuleVelocityCard, r.VelocityCard.Points, r.VelocityCard.exceeded(e.ByCard, "with this card"))
	add(RuleVelocityIP, r.VelocityIP.Points, r.VelocityIP.exceeded(e.ByIP, "from this IP address"))
	add(RuleVelocityEmail, r.VelocityEmail.Points, r.VelocityEmail.exceeded(e.ByEmail, "with this e-mail address"))
	add(RuleAmountLimit, r.AmountLimit.Points, j.amount(s.Amount))
	add(RuleBINCountryIP, r.BINCountryIP.Points, r.BINCountryIP.differ(from.bin, from.ip, "the IP address is from"))
	add(RuleBINCountryBilling, r.BINCountryBilling.Points, r.BINCountryBilling.differ(from.bin, from.billing, "the billing address is in"))
	if r.CustomerMismatch.Enabled && e.Sighting.NameDiffers {
		add(RuleCustomerMismatch, r.CustomerMismatch.Points, "The name on the card is not the customer's.")
	}
	blocked := j.blocked(e.Sighting, from)
	add(RuleBlockList, maxPoints, blocked)
	test := j.testCard != "" && e.Sighting.Fingerprint == j.testCard
	if test {
		add(RuleTestCard, maxPoints, "This is the test card that is declined by fraud.")
	}
	if blocked == "" && !test {
		add(RuleAllowList, -sum(reasons), j.allowed(e.Sighting, from))
	}
	score := min(max(sum(reasons), 0), maxScore)
	return Assessment{Score: score, Action: r.action(score, s.MerchantInitiated), Reasons: reasons}
}

func sum(reasons []Reason) int {
	total := 0
	for _, r := range reasons {
		total += r.Points
	}
	return total
}

// action is what a score leads to. Without a shopper there is nobody to challenge.
func (r Rules) action(score int, merchantInitiated bool) Action {
	switch {
	case score > r.DeclineAbove:
		return Decline
	case score > r.ChallengeAbove && !merchantInitiated:
		return Challenge
	default:
		return Allow
	}
}

// origin looks up the countries of a sighting, those of them that a rule asks for.
func (j *judge) origin(s Sighting) origin {
	listed := !j.block.empty() || !j.allow.empty()
	if !listed && !j.rules.BINCountryIP.Enabled && !j.rules.BINCountryBilling.Enabled {
		return origin{}
	}
	return origin{bin: j.countries.OfBIN(s.BIN), ip: j.countries.OfIP(s.IP), billing: s.BillingCountry}
}

func (j *judge) blocked(s Sighting, from origin) string {
	what := j.block.names(s)
	if what == "" {
		if named, _ := j.block.countries(from); named == 0 {
			return ""
		}
		what = "a country of the card, the IP address or the billing address"
	}
	return "The block list names " + what + "."
}

func (j *judge) allowed(s Sighting, from origin) string {
	if s.EmailByShopper {
		s.Email = "" // anybody can type the address of somebody who is allowed
	}
	what := j.allow.names(s)
	if what == "" {
		if named, known := j.allow.countries(from); named == 0 || named < known {
			return ""
		}
		what = "every country that is known of the card, the IP address and the billing address"
	}
	return "The allow list names " + what + "."
}

// exceeded says in words that more than the limit were counted; "" when not.
func (v Velocity) exceeded(count int, with string) string {
	if !v.Enabled || count <= v.Limit {
		return ""
	}
	return fmt.Sprintf("At least %d attempts %s in %s, %d are allowed.", count, with, span(v.Span()), v.Limit)
}

// amount says in words that the amount is above its currency's limit; "" when not.
func (j *judge) amount(m money.Money) string {
	limit, has := j.limits[m.Currency]
	if !j.rules.AmountLimit.Enabled || !has || m.Minor <= limit {
		return ""
	}
	return fmt.Sprintf("The amount, %s, is above %s.", m, money.New(limit, m.Currency))
}

// differ says in words that two known countries are not the same; "" when they are.
func (c Check) differ(card, other, where string) string {
	if !c.Enabled || card == "" || other == "" || card == other {
		return ""
	}
	return fmt.Sprintf("The card is from %s, %s %s.", card, where, other)
}

// span writes a duration in the largest units that say it exactly: "1 h", "90 s".
func span(d time.Duration) string {
	for _, unit := range []struct {
		of   time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "min"}} {
		if d%unit.of == 0 {
			return fmt.Sprintf("%d %s", d/unit.of, unit.name)
		}
	}
	return fmt.Sprintf("%d s", d/time.Second)
}
