package risk

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
)

// atlas knows the countries of a few cards and addresses.
type atlas struct{}

func (atlas) OfBIN(bin string) string {
	return map[string]string{"40000025": "FR", "424242": "US", "42424242": "US"}[bin]
}

func (atlas) OfIP(address string) string {
	return map[string]string{"192.0.2.1": "FR", "192.0.2.2": "DE"}[address]
}

var (
	live    = merchant.Scope{MerchantID: "mch_1", Environment: merchant.Live}
	sandbox = merchant.Scope{MerchantID: "mch_1", Environment: merchant.Sandbox}
)

const fraudulent = "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f"

// ordinary is a first attempt of which everything fits.
func ordinary() (Subject, Evidence) {
	return Subject{Scope: live, Amount: money.New(5000, "EUR")}, Evidence{
		Sighting: Sighting{
			Scope: live, Fingerprint: strings.Repeat("a1", 16), BIN: "40000025", IP: "192.0.2.1", Email: "anne@example.com", BillingCountry: "FR",
		}, ByCard: 1, ByIP: 1, ByEmail: 1,
	}
}

// quiet are rules of which none is enabled.
func quiet() Rules { return Defaults(sandbox) }

func TestRulesFire(t *testing.T) {
	check := Check{Enabled: true, Points: 25}
	velocity := Velocity{Enabled: true, Points: 60, Limit: 3, Window: 3600}
	for name, c := range map[string]struct {
		rules    func(*Rules)
		attempt  func(*Subject, *Evidence)
		fires    string // "": nothing
		points   int
		contains string
	}{
		"nothing": {},
		"card at its limit": {
			rules: func(r *Rules) { r.VelocityCard = velocity }, attempt: func(_ *Subject, e *Evidence) { e.ByCard = 3 },
		},
		"card above its limit": {
			rules: func(r *Rules) { r.VelocityCard = velocity }, attempt: func(_ *Subject, e *Evidence) { e.ByCard = 4 },
			fires: RuleVelocityCard, points: 60, contains: "4 attempts with this card in 1 h, 3 are allowed",
		},
		"card, not enabled": {
			rules:   func(r *Rules) { r.VelocityCard = velocity; r.VelocityCard.Enabled = false },
			attempt: func(_ *Subject, e *Evidence) { e.ByCard = 400 },
		},
		"address above its limit": {
			rules:   func(r *Rules) { r.VelocityIP = velocity; r.VelocityIP.Window = 90 },
			attempt: func(_ *Subject, e *Evidence) { e.ByIP = 4 },
			fires:   RuleVelocityIP, points: 60, contains: "4 attempts from this IP address in 90 s, 3 are allowed",
		},
		"e-mail above its limit": {
			rules:   func(r *Rules) { r.VelocityEmail = velocity; r.VelocityEmail.Window = 7 * 86400 },
			attempt: func(_ *Subject, e *Evidence) { e.ByEmail = 4 },
			fires:   RuleVelocityEmail, points: 60, contains: "4 attempts with this e-mail address in 7 d, 3 are allowed",
		},
		"amount at its limit": {rules: func(r *Rules) {
			r.AmountLimit = AmountLimit{Enabled: true, Points: 30, Limits: []Limit{{"USD", 1}, {"EUR", 5000}}}
		}},
		"amount above its limit": {
			rules: func(r *Rules) {
				r.AmountLimit = AmountLimit{Enabled: true, Points: 30, Limits: []Limit{{"USD", 1}, {"EUR", 4999}}}
			},
			fires: RuleAmountLimit, points: 30, contains: "EUR 50.00, is above EUR 49.99",
		},
		"amount of another currency": {rules: func(r *Rules) {
			r.AmountLimit = AmountLimit{Enabled: true, Points: 30, Limits: []Limit{{"USD", 1}}}
		}},
		"amount, not enabled":            {rules: func(r *Rules) { r.AmountLimit = AmountLimit{Points: 30, Limits: []Limit{{"EUR", 1}}} }},
		"card from where the address is": {rules: func(r *Rules) { r.BINCountryIP = check }},
		"card from elsewhere than the address": {
			rules: func(r *Rules) { r.BINCountryIP = check }, attempt: func(_ *Subject, e *Evidence) { e.Sighting.IP = "192.0.2.2" },
			fires: RuleBINCountryIP, points: 25, contains: "The card is from FR, the IP address is from DE.",
		},
		"unknown address": {
			rules: func(r *Rules) { r.BINCountryIP = check }, attempt: func(_ *Subject, e *Evidence) { e.Sighting.IP = "10.0.0.1" },
		},
		"unknown card": {
			rules:   func(r *Rules) { r.BINCountryIP, r.BINCountryBilling = check, check },
			attempt: func(_ *Subject, e *Evidence) { e.Sighting.BIN = "" },
		},
		"card from where the bill goes": {rules: func(r *Rules) { r.BINCountryBilling = check }},
		"card from elsewhere than the bill goes": {
			rules: func(r *Rules) { r.BINCountryBilling = check }, attempt: func(_ *Subject, e *Evidence) { e.Sighting.BillingCountry = "BE" },
			fires: RuleBINCountryBilling, points: 25, contains: "The card is from FR, the billing address is in BE.",
		},
		"no billing country": {
			rules: func(r *Rules) { r.BINCountryBilling = check }, attempt: func(_ *Subject, e *Evidence) { e.Sighting.BillingCountry = "" },
		},
		"countries, not enabled": {attempt: func(_ *Subject, e *Evidence) { e.Sighting.BillingCountry, e.Sighting.IP = "BE", "192.0.2.2" }},
		"same name":              {rules: func(r *Rules) { r.CustomerMismatch = check }},
		"another name": {
			rules: func(r *Rules) { r.CustomerMismatch = check }, attempt: func(_ *Subject, e *Evidence) { e.Sighting.NameDiffers = true },
			fires: RuleCustomerMismatch, points: 25, contains: "not the customer's",
		},
		"another name, not enabled": {attempt: func(_ *Subject, e *Evidence) { e.Sighting.NameDiffers = true }},
		"test card": {
			attempt: func(_ *Subject, e *Evidence) { e.Sighting.Fingerprint = fraudulent },
			fires:   RuleTestCard, points: 100, contains: "test card",
		},
	} {
		t.Run(name, func(t *testing.T) {
			rules := quiet()
			subject, evidence := ordinary()
			if c.rules != nil {
				c.rules(&rules)
			}
			if c.attempt != nil {
				c.attempt(&subject, &evidence)
			}
			require.NoError(t, rules.Validate())
			got := newJudge(rules, atlas{}, fraudulent).assess(subject, evidence)
			if c.fires == "" {
				require.Equal(t, Assessment{Action: Allow}, got)
				return
			}
			require.Len(t, got.Reasons, 1)
			require.Equal(t, c.fires, got.Reasons[0].Rule)
			require.Equal(t, c.points, got.Reasons[0].Points)
			require.Contains(t, got.Reasons[0].Text, c.contains)
			require.Equal(t, c.points, got.Score)
		})
	}
}

func TestLists(t *testing.T) {
	_, evidence := ordinary()
	seen := evidence.Sighting
	for name, c := range map[string]struct {
		entry  Entry
		change func(*Sighting)
		blocks bool
	}{
		"card":                     {Entry{EntryCard, seen.Fingerprint}, nil, true},
		"another card":             {Entry{EntryCard, strings.Repeat("b2", 16)}, nil, false},
		"6 digits":                 {Entry{EntryBIN, "400000"}, nil, true},
		"7 digits":                 {Entry{EntryBIN, "4000002"}, nil, true},
		"8 digits":                 {Entry{EntryBIN, "40000025"}, nil, true},
		"8 other digits":           {Entry{EntryBIN, "40000026"}, nil, false},
		"8 digits of a short card": {Entry{EntryBIN, "40000025"}, func(s *Sighting) { s.BIN = "400000" }, false},
		"no BIN":                   {Entry{EntryBIN, "400000"}, func(s *Sighting) { s.BIN = "" }, false},
		"address":                  {Entry{EntryIP, "192.0.2.1"}, nil, true},
		"mapped address":           {Entry{EntryIP, "::ffff:192.0.2.1"}, nil, true},
		"another address":          {Entry{EntryIP, "192.0.2.2"}, nil, false},
		"network":                  {Entry{EntryIP, "192.0.2.77/24"}, nil, true},
		"mapped network":           {Entry{EntryIP, "::ffff:192.0.2.0/120"}, nil, true},
		"another network":          {Entry{EntryIP, "192.0.3.0/24"}, nil, false},
		"all addresses":            {Entry{EntryIP, "0.0.0.0/0"}, nil, true},
		"IPv6 network":             {Entry{EntryIP, "2001:db8::/32"}, func(s *Sighting) { s.IP = "2001:db8:1::1" }, true},
		"no address":               {Entry{EntryIP, "0.0.0.0/0"}, func(s *Sighting) { s.IP = "" }, false},
		"e-mail":                   {Entry{EntryEmail, "Anne@Example.com"}, nil, true},
		"another e-mail":           {Entry{EntryEmail, "anna@example.com"}, nil, false},
		"domain":                   {Entry{EntryEmailDomain, "EXAMPLE.com"}, nil, true},
		"domain above":             {Entry{EntryEmailDomain, "com"}, nil, false},
		"no e-mail":                {Entry{EntryEmailDomain, "example.com"}, func(s *Sighting) { s.Email = "" }, false},
		"the card's country":       {Entry{EntryCountry, "FR"}, func(s *Sighting) { s.IP, s.BillingCountry = "", "" }, true},
		"the address's country":    {Entry{EntryCountry, "DE"}, func(s *Sighting) { s.IP = "192.0.2.2" }, true},
		"the bill's country":       {Entry{EntryCountry, "BE"}, func(s *Sighting) { s.BillingCountry = "BE" }, true},
		"another country":          {Entry{EntryCountry, "US"}, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			subject, evidence := ordinary()
			if c.change != nil {
				c.change(&evidence.Sighting)
			}
			rules := quiet()
			rules.BlockList = []Entry{{EntryCountry, "KP"}, c.entry}
			require.NoError(t, rules.Validate())
			got := newJudge(rules, atlas{}, "").assess(subject, evidence)
			require.Equal(t, c.blocks, got.Action == Decline)
			if c.blocks {
				require.Equal(t, 100, got.Score)
				require.Equal(t, RuleBlockList, got.Reasons[0].Rule)
				require.NotContains(t, got.Reasons[0].Text, c.entry.Value)
			}
		})
	}
}

func TestAllowListMakesTheScoreZero(t *testing.T) {
	subject, evidence := ordinary()
	evidence.Sighting.NameDiffers, evidence.ByCard = true, 6
	rules := Defaults(live)
	require.Equal(t, 70, newJudge(rules, atlas{}, "").assess(subject, evidence).Score)

	rules.AllowList = []Entry{{EntryEmail, evidence.Sighting.Email}}
	got := newJudge(rules, atlas{}, "").assess(subject, evidence)
	require.Zero(t, got.Score)
	require.Equal(t, Allow, got.Action)
	require.Equal(t, Reason{RuleAllowList, -70, "The allow list names the e-mail address."}, got.Reasons[2])

	rules.BlockList = []Entry{{EntryBIN, "400000"}}
	got = newJudge(rules, atlas{}, "").assess(subject, evidence)
	require.Equal(t, 100, got.Score, "the block list wins")
	require.NotContains(t, got.Reasons, RuleAllowList)

	require.Equal(t, 100, newJudge(Rules{Scope: sandbox, AllowList: rules.AllowList}, atlas{}, evidence.Sighting.Fingerprint).assess(subject, evidence).Score,
		"the test card is declined whatever is allowed")
}

func TestAllowedCountryMustBeTheOnlyOne(t *testing.T) {
	rules := Defaults(live)
	rules.CustomerMismatch.Points = 50
	rules.AllowList = []Entry{{EntryCountry, "FR"}}
	for _, c := range []struct {
		change func(*Sighting)
		want   int
	}{
		{func(*Sighting) {}, 0},
		{func(s *Sighting) { s.IP, s.BillingCountry = "", "" }, 0},
		{func(s *Sighting) { s.IP = "192.0.2.2" }, 75},
		{func(s *Sighting) { s.BIN, s.IP, s.BillingCountry = "", "", "" }, 50},
	} {
		subject, evidence := ordinary()
		evidence.Sighting.NameDiffers = true
		c.change(&evidence.Sighting)
		require.Equal(t, c.want, newJudge(rules, atlas{}, "").assess(subject, evidence).Score)
	}
}

func TestScoresLeadToActions(t *testing.T) {
	rules := quiet()
	for _, c := range []struct {
		score int
		mit   bool
		want  Action
	}{
		{0, false, Allow},
		{40, false, Allow},
		{41, false, Challenge},
		{41, true, Allow},
		{70, false, Challenge},
		{70, true, Allow},
		{71, false, Decline},
		{71, true, Decline},
		{100, false, Decline},
	} {
		require.Equal(t, c.want, rules.action(c.score, c.mit), "%d %t", c.score, c.mit)
	}
	rules.ChallengeAbove = rules.DeclineAbove
	require.Equal(t, Allow, rules.action(70, false), "no band for 3-D Secure")
	rules.ChallengeAbove, rules.DeclineAbove = 0, 0
	require.Equal(t, Decline, rules.action(1, false))
	rules.DeclineAbove = 99
	require.Equal(t, Decline, rules.action(100, true), "what is on the block list is always declined")
}

// TestDefaultsDeclineNothingForOneSign holds what the defaults promise.
func TestDefaultsDeclineNothingForOneSign(t *testing.T) {
	require.NoError(t, Defaults(live).Validate())
	require.NoError(t, Defaults(sandbox).Validate())
	worst := func(e *Evidence) {
		e.ByCard, e.ByIP, e.ByEmail = 1000, 1000, 1000
		e.Sighting.IP, e.Sighting.BillingCountry, e.Sighting.NameDiffers = "192.0.2.2", "BE", true
	}
	subject, evidence := ordinary()
	worst(&evidence)
	got := newJudge(Defaults(live), atlas{}, "").assess(subject, evidence)
	require.Equal(t, Decline, got.Action)
	require.Len(t, got.Reasons, 6)
	for _, r := range got.Reasons {
		require.Contains(t, []Action{Allow, Challenge}, Defaults(live).action(r.Points, false), r.Rule)
	}
	got = newJudge(Defaults(sandbox), atlas{}, fraudulent).assess(subject, evidence)
	require.Equal(t, Assessment{Action: Allow}, got, "in the sandbox no rule is in the way of the test cards")
}

func TestRandomRules(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules, subject, evidence := anyAttempt(t)
		if err := rules.Validate(); err != nil {
			t.Fatal(err)
		}
		got := newJudge(rules, atlas{}, fraudulent).assess(subject, evidence)
		blocked := slices.ContainsFunc(got.Reasons, func(r Reason) bool { return r.Rule == RuleBlockList })
		allowed := slices.ContainsFunc(got.Reasons, func(r Reason) bool { return r.Rule == RuleAllowList })
		if got.Score < 0 || got.Score > 100 || got.Score != min(sum(got.Reasons), 100) {
			t.Fatalf("score %d of %v", got.Score, got.Reasons)
		}
		if blocked && (got.Score != 100 || got.Action != Decline || allowed) || allowed && (got.Score != 0 || got.Action != Allow) {
			t.Fatalf("block list: %t, allow list: %t, but %v", blocked, allowed, got)
		}
		if got.Action == Challenge && subject.MerchantInitiated {
			t.Fatal("nobody is there to be challenged")
		}
		// one more rule that fires never makes it better
		rules.CustomerMismatch.Enabled, evidence.Sighting.NameDiffers = true, true
		if more := newJudge(rules, atlas{}, fraudulent).assess(subject, evidence); more.Score < got.Score {
			t.Fatalf("%d with one rule more, %d without", more.Score, got.Score)
		}
	})
}

func anyAttempt(t *rapid.T) (Rules, Subject, Evidence) {
	points := rapid.IntRange(1, 100)
	check := func() Check { return Check{Enabled: rapid.Bool().Draw(t, "on"), Points: points.Draw(t, "points")} }
	velocity := func() Velocity {
		return Velocity{
			Enabled: rapid.Bool().Draw(t, "on"), Points: points.Draw(t, "points"),
			Limit: rapid.IntRange(1, 1000).Draw(t, "limit"), Window: rapid.Int64Range(60, 30*86400).Draw(t, "window"),
		}
	}
	entries := rapid.SliceOfN(rapid.SampledFrom([]Entry{
		{EntryBIN, "40000025"}, {EntryBIN, "424242"}, {EntryIP, "192.0.2.0/31"}, {EntryIP, "192.0.2.2"}, {EntryCountry, "FR"}, {EntryCountry, "US"},
		{EntryEmail, "anne@example.com"}, {EntryEmailDomain, "example.org"}, {EntryCard, fraudulent},
	}), 0, 3)
	decline := rapid.IntRange(0, 99).Draw(t, "decline")
	count := rapid.IntRange(0, 1001)
	r := Rules{
		Scope: live, DeclineAbove: decline, ChallengeAbove: rapid.IntRange(0, decline).Draw(t, "challenge"),
		VelocityCard: velocity(), VelocityIP: velocity(), VelocityEmail: velocity(),
		AmountLimit:  AmountLimit{Enabled: rapid.Bool().Draw(t, "on"), Points: points.Draw(t, "points"), Limits: []Limit{{"EUR", 1000}}},
		BINCountryIP: check(), BINCountryBilling: check(), CustomerMismatch: check(),
		BlockList: entries.Draw(t, "block"), AllowList: entries.Draw(t, "allow"),
	}
	return r, Subject{
			Scope: live, Amount: money.New(rapid.Int64Range(1, 2000).Draw(t, "amount"), rapid.SampledFrom([]money.Currency{"EUR", "USD"}).Draw(t, "currency")),
			MerchantInitiated: rapid.Bool().Draw(t, "merchant initiated"),
		}, Evidence{
			Sighting: Sighting{
				Fingerprint:    rapid.SampledFrom([]string{fraudulent, strings.Repeat("a1", 16)}).Draw(t, "card"),
				BIN:            rapid.SampledFrom([]string{"", "40000025", "424242", "41111111"}).Draw(t, "BIN"),
				IP:             rapid.SampledFrom([]string{"", "192.0.2.1", "192.0.2.2", "::1"}).Draw(t, "IP"),
				Email:          rapid.SampledFrom([]string{"", "anne@example.com", "bob@example.org"}).Draw(t, "e-mail"),
				BillingCountry: rapid.SampledFrom([]string{"", "FR", "US", "DE"}).Draw(t, "bill"),
				NameDiffers:    rapid.Bool().Draw(t, "differs"),
			},
			ByCard: count.Draw(t, "card"), ByIP: count.Draw(t, "IP"), ByEmail: count.Draw(t, "e-mail"),
		}
}
