package account

import (
	"regexp"
	"strings"
	"unicode"

	"paymenthub/internal/card"
	"paymenthub/internal/fault"
)

// maxCredential is the longest value of a credential, in bytes.
const maxCredential = 4096

// credentialName is what a misspelt name looks like, and no value does: those have
// digits or capitals.
var credentialName = regexp.MustCompile(`^[a-z][a-z_]{0,31}$`)

// check holds credentials against what the provider asks for. Errors repeat no value,
// nor what stands in the place of a name and may be one.
func (p Provider) check(c Credentials) error {
	for name, value := range c {
		known := p.credential(name)
		if known.Name == "" {
			return p.unknown(name)
		}
		if err := checkValue(name, value.Reveal()); err != nil {
			return err
		}
		if known.Public && isCardNumber(value.Reveal()) { // PCI DSS 3.5 forbids to keep one in the clear
			return fault.Field("credentials."+name, "Field 'credentials.%s' must not be a card number.", name)
		}
	}
	for _, want := range p.Credentials {
		if want.Required && c[want.Name] == "" {
			return fault.Field("credentials."+want.Name, "Field 'credentials.%s' is required: %s.", want.Name, want.Title)
		}
	}
	return nil
}

func (p Provider) unknown(name string) error {
	field := "credentials"
	if credentialName.MatchString(name) {
		field += "." + name
	}
	return fault.Field(field, "Field '%s' is no credential of %s's, which has %s.", field, p.Title, p.names())
}

// checkValue refuses what cannot be a credential, such as one that was pasted with a
// line break.
func checkValue(name, value string) error {
	field := "credentials." + name
	switch {
	case value == "":
		return fault.Field(field, "Field '%s' must not be empty; leave it out.", field)
	case len(value) > maxCredential:
		return fault.Field(field, "Field '%s' must have at most %d characters.", field, maxCredential)
	case strings.ContainsFunc(value, unicode.IsControl) || strings.TrimSpace(value) != value:
		return fault.Field(field, "Field '%s' must not hold line breaks, nor begin or end with a space.", field)
	default:
		return nil
	}
}

func isCardNumber(value string) bool {
	digits := card.Normalize(value)
	return len(digits) >= 12 && len(digits) <= 19 && card.Luhn(digits)
}

func (p Provider) names() string {
	var names []string
	for _, c := range p.Credentials {
		names = append(names, "'"+c.Name+"'")
	}
	return strings.Join(names, ", ")
}
