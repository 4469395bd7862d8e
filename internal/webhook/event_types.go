package webhook

import (
	"fmt"
	"slices"
	"strings"

	"paymenthub/internal/fault"
)

// MaxEventTypes bounds what one endpoint asks for.
const MaxEventTypes = 50

// CheckEventTypes checks what an endpoint asks for: 1 to MaxEventTypes of the dialect's
// names, "payment_intent.*" for all of a kind, or "*".
//
// Errors: fault.Invalid naming "event_types", or "event_types.<n>" counted from 0. They
// tell what there is, and repeat nothing that was sent.
func CheckEventTypes(d Dialect, types []string) error {
	entry, problem := WrongEventType(d, types)
	if problem == "" {
		return nil
	}
	field := "event_types"
	if entry >= 0 {
		field += fmt.Sprintf(".%d", entry)
	}
	return fault.Field(field, "Field '%s' %s", field, problem)
}

// WrongEventType is what CheckEventTypes finds, for those who have no field: the entry
// counted from 0, -1 where it is all of them, and what is wrong with it, a sentence
// without its beginning; "" when nothing is.
func WrongEventType(d Dialect, types []string) (entry int, problem string) {
	if len(types) == 0 || len(types) > MaxEventTypes {
		return -1, fmt.Sprintf("must have 1 to %d entries.", MaxEventTypes)
	}
	for i, asked := range types {
		if !known(d, asked) {
			return i, fmt.Sprintf("must be '*', all of a kind such as '%s', or one of the dialect '%s': %s.",
				kindOf(d.Types()[0]), d, strings.Join(d.Types(), ", "))
		}
		if slices.Contains(types[:i], asked) {
			return i, "repeats one before it."
		}
	}
	return 0, ""
}

// known reports whether what is asked for covers at least one name of the dialect.
func known(d Dialect, asked string) bool {
	return asked == "*" || slices.ContainsFunc(d.Types(), func(name string) bool {
		return asked == name || asked == kindOf(name)
	})
}

// kindOf covers all names that begin as this one: "payment_intent.*".
func kindOf(name string) string {
	kind, _, _ := strings.Cut(name, ".")
	return kind + ".*"
}
