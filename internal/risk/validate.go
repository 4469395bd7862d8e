package risk

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"

	"paymenthub/internal/fault"
	"paymenthub/internal/money"
)

// Validate checks the bounds of every rule, also of those that are not enabled.
// Errors: fault.Invalid naming the field, "block_list[3].value".
func (r Rules) Validate() error {
	for _, check := range []func() error{
		r.validateScores,
		func() error { return r.VelocityCard.validate(RuleVelocityCard) },
		func() error { return r.VelocityIP.validate(RuleVelocityIP) },
		func() error { return r.VelocityEmail.validate(RuleVelocityEmail) },
		r.AmountLimit.validate,
		func() error { return validatePoints(RuleBINCountryIP, r.BINCountryIP.Points) },
		func() error { return validatePoints(RuleBINCountryBilling, r.BINCountryBilling.Points) },
		func() error { return validatePoints(RuleCustomerMismatch, r.CustomerMismatch.Points) },
		func() error { return validateList(RuleBlockList, r.BlockList) },
		func() error { return validateList(RuleAllowList, r.AllowList) },
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func between(param string, value, low, high int64) error {
	if value < low || value > high {
		return fault.Field(param, "Field '%s' must be an integer from %d to %d.", param, low, high)
	}
	return nil
}

// validateScores lets the highest score be declined, whatever the rules are: the
// block list gives it.
func (r Rules) validateScores() error {
	if err := between("decline_above", int64(r.DeclineAbove), 0, maxScore-1); err != nil {
		return err
	}
	if r.ChallengeAbove < 0 || r.ChallengeAbove > r.DeclineAbove {
		return fault.Field("challenge_above", "Field 'challenge_above' must be an integer from 0 to 'decline_above' (%d).", r.DeclineAbove)
	}
	return nil
}

func validatePoints(rule string, points int) error {
	return between(rule+".points", int64(points), 1, maxPoints)
}

func (v Velocity) validate(rule string) error {
	if err := validatePoints(rule, v.Points); err != nil {
		return err
	}
	if err := between(rule+".limit", int64(v.Limit), 1, MaxVelocityLimit); err != nil {
		return err
	}
	return between(rule+".window_seconds", v.Window, int64(MinWindow.Seconds()), int64(SightingLifetime.Seconds()))
}

func (a AmountLimit) validate() error {
	if err := validatePoints(RuleAmountLimit, a.Points); err != nil {
		return err
	}
	seen := map[money.Currency]bool{}
	for i, limit := range a.Limits {
		field := fmt.Sprintf("%s.limits[%d]", RuleAmountLimit, i)
		if known, err := money.ParseCurrency(string(limit.Currency)); err != nil || known != limit.Currency {
			return fault.Field(field+".currency", "Field '%s.currency' must be an ISO 4217 currency code in capitals.", field)
		}
		if seen[limit.Currency] {
			return fault.Field(field+".currency", "Field '%s.currency' names a currency that has a limit already.", field)
		}
		seen[limit.Currency] = true
		if err := between(field+".amount", limit.Amount, 1, money.MaxAmount); err != nil {
			return err
		}
	}
	return nil
}

func validateList(name string, entries []Entry) error {
	if len(entries) > MaxEntries {
		return fault.Field(name, "Field '%s' must have at most %d entries.", name, MaxEntries)
	}
	for i, e := range entries {
		field := fmt.Sprintf("%s[%d]", name, i)
		form, known := forms[e.Type]
		if !known {
			return fault.Field(field+".type",
				"Field '%s.type' must be card_fingerprint, bin, ip, email, email_domain or country.", field)
		}
		if !form.fits(e.Value) {
			return fault.Field(field+".value", "Field '%s.value' must be %s.", field, form.is)
		}
	}
	return nil
}

// form is what a value of a type looks like.
type form struct {
	fits func(string) bool
	is   string
}

// maxEmail is the longest address that mail can be sent to (RFC 5321, 4.5.3.1.3).
const maxEmail = 254

var forms = map[EntryType]form{
	EntryCard:        {regexp.MustCompile(`\A[0-9a-f]{32}\z`).MatchString, "a card's fingerprint, 32 hexadecimal digits in lower case"},
	EntryBIN:         {regexp.MustCompile(`\A[0-9]{6,8}\z`).MatchString, "6 to 8 digits"},
	EntryIP:          {func(v string) bool { _, ok := network(v); return ok }, "an IP address, or a network as 203.0.113.0/24"},
	EntryEmail:       {isEmail, "an e-mail address"},
	EntryEmailDomain: {isDomain, "the domain of e-mail addresses, as example.com"},
	EntryCountry:     {regexp.MustCompile(`\A[A-Z]{2}\z`).MatchString, "an ISO 3166-1 country code of two capitals"},
}

func isEmail(v string) bool {
	at := strings.LastIndexByte(v, '@')
	return at > 0 && len(v) <= maxEmail && isDomain(v[at+1:]) && !strings.ContainsFunc(v[:at], func(r rune) bool { return r <= ' ' || r == 0x7f })
}

func isDomain(v string) bool {
	return v != "" && len(v) <= maxEmail && !strings.HasPrefix(v, ".") && !strings.HasSuffix(v, ".") &&
		!strings.ContainsFunc(v, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '@' || r == '/' })
}

// network reads an address or a network; an address is a network of itself. IPv4
// addresses that are written as IPv6 ones are IPv4.
func network(v string) (netip.Prefix, bool) {
	if addr, err := netip.ParseAddr(v); err == nil && addr.Zone() == "" {
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), true
	}
	prefix, err := netip.ParsePrefix(v)
	if err != nil {
		return netip.Prefix{}, false
	}
	if addr := prefix.Addr(); addr.Is4In6() {
		if prefix.Bits() < 96 {
			return netip.Prefix{}, false
		}
		prefix = netip.PrefixFrom(addr.Unmap(), prefix.Bits()-96)
	}
	return prefix.Masked(), true
}
