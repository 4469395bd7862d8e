package risk_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/fault"
	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
	"paymenthub/internal/risk"
)

func TestWhatIsWrongIsNamed(t *testing.T) {
	entries := func(n int, e risk.Entry) []risk.Entry { return slices.Repeat([]risk.Entry{e}, n) }
	ip := risk.Entry{Type: risk.EntryIP, Value: "203.0.113.7"}
	for field, spoil := range map[string][]func(*risk.Rules){
		"decline_above":   {func(r *risk.Rules) { r.DeclineAbove = 100 }, func(r *risk.Rules) { r.DeclineAbove = -1 }},
		"challenge_above": {func(r *risk.Rules) { r.ChallengeAbove = 71 }, func(r *risk.Rules) { r.ChallengeAbove = -1 }},
		"velocity_card.points": {
			func(r *risk.Rules) { r.VelocityCard.Points = 0 }, func(r *risk.Rules) { r.VelocityCard.Points = 101 },
			func(r *risk.Rules) { r.VelocityCard = risk.Velocity{} },
		},
		"velocity_card.limit":           {func(r *risk.Rules) { r.VelocityCard.Limit = 0 }, func(r *risk.Rules) { r.VelocityCard.Limit = 1001 }},
		"velocity_ip.limit":             {func(r *risk.Rules) { r.VelocityIP.Limit = -5 }},
		"velocity_ip.window_seconds":    {func(r *risk.Rules) { r.VelocityIP.Window = 59 }},
		"velocity_email.window_seconds": {func(r *risk.Rules) { r.VelocityEmail.Window = 30*86400 + 1 }, func(r *risk.Rules) { r.VelocityEmail.Window = 1 << 62 }},
		"amount_limit.points":           {func(r *risk.Rules) { r.AmountLimit.Points = 0 }},
		"amount_limit.limits[1].currency": {
			func(r *risk.Rules) {
				r.AmountLimit.Limits = []risk.Limit{{Currency: "EUR", Amount: 1}, {Currency: "EUR", Amount: 2}}
			},
			func(r *risk.Rules) {
				r.AmountLimit.Limits = []risk.Limit{{Currency: "EUR", Amount: 1}, {Currency: "XXY", Amount: 2}}
			},
			func(r *risk.Rules) {
				r.AmountLimit.Limits = []risk.Limit{{Currency: "EUR", Amount: 1}, {Currency: "usd", Amount: 2}}
			},
		},
		"amount_limit.limits[0].amount": {
			func(r *risk.Rules) { r.AmountLimit.Limits = []risk.Limit{{Currency: "EUR"}} },
			func(r *risk.Rules) {
				r.AmountLimit.Limits = []risk.Limit{{Currency: "EUR", Amount: money.MaxAmount + 1}}
			},
		},
		"bin_country_ip.points":      {func(r *risk.Rules) { r.BINCountryIP.Points = 0 }},
		"bin_country_billing.points": {func(r *risk.Rules) { r.BINCountryBilling.Points = 101 }},
		"customer_mismatch.points":   {func(r *risk.Rules) { r.CustomerMismatch.Points = -1 }},
		"block_list":                 {func(r *risk.Rules) { r.BlockList = entries(risk.MaxEntries+1, ip) }},
		"allow_list":                 {func(r *risk.Rules) { r.AllowList = entries(risk.MaxEntries+1, ip) }},
		"allow_list[1].type":         {func(r *risk.Rules) { r.AllowList = []risk.Entry{ip, {Type: "phone", Value: "1"}} }},
	} {
		for _, one := range spoil {
			r := risk.Defaults(merchant.Scope{Environment: merchant.Live})
			one(&r)
			err := r.Validate()
			require.True(t, fault.Is(err, fault.Invalid), field)
			require.Equal(t, field, fault.From(err).Param)
			require.Contains(t, fault.From(err).Message, "'"+field+"'")
		}
	}
}

func TestValuesOfEntries(t *testing.T) {
	long := strings.Repeat("a", 250)
	for kind, values := range map[risk.EntryType]struct{ right, wrong []string }{
		risk.EntryCard:  {[]string{strings.Repeat("0a", 16)}, []string{"", "f00d", strings.Repeat("0A", 16), strings.Repeat("g1", 16), strings.Repeat("0a", 16) + "\n"}},
		risk.EntryBIN:   {[]string{"424242", "4242424", "42424242"}, []string{"", "42424", "424242424", "42424x", " 424242", "٤٢٤٢٤٢"}},
		risk.EntryIP:    {[]string{"203.0.113.7", "203.0.113.0/24", "::1", "2001:db8::/32", "::ffff:203.0.113.7", "::ffff:203.0.113.0/120"}, []string{"", "203.0.113", "203.0.113.0/33", "fe80::1%eth0", "example.com", "::ffff:203.0.113.0/95", "203.0.113.7:80"}},
		risk.EntryEmail: {[]string{"a@example.com", "Åse.B+c@Example.com", `"a@b"@example.com`}, []string{"", "a", "@example.com", "a@", "a b@example.com", "a@b c", "a\x00@example.com", "a@" + long + "aaaa", "a@.com"}},
		risk.EntryEmailDomain: {
			[]string{"example.com", "localhost", "BÜCHER.example"},
			[]string{"", "@example.com", "a@example.com", ".example.com", "example.com.", "https://example.com", "exa mple.com", long + "aaaaa"},
		},
		risk.EntryCountry: {[]string{"FR", "KP"}, []string{"", "F", "fr", "FRA", "F1", "FR\n"}},
	} {
		for i, value := range append(slices.Clone(values.right), values.wrong...) {
			r := risk.Defaults(merchant.Scope{})
			r.BlockList = []risk.Entry{{Type: risk.EntryCountry, Value: "AQ"}, {Type: kind, Value: value}}
			err := r.Validate()
			if i < len(values.right) {
				require.NoError(t, err, "%s %q", kind, value)
				continue
			}
			require.True(t, fault.Is(err, fault.Invalid), "%s %q", kind, value)
			require.Equal(t, "block_list[1].value", fault.From(err).Param)
			if value != "" {
				require.NotContains(t, err.Error(), value+"'", "values are not repeated")
			}
		}
	}
}
