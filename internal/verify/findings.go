package verify

import "fmt"

// findings collects what was checked and what was found.
type findings struct{ report Report }

func newFindings() findings {
	return findings{Report{Violations: []Violation{}, Checked: map[Rule]int64{}}}
}

// hold counts that the rule was held against the object, and notes a violation
// unless it is kept. The message says what is wrong, as fmt.Sprintf.
func (f *findings) hold(rule Rule, kept bool, objectID, message string, args ...any) {
	f.report.Checked[rule]++
	if !kept {
		f.add(Violation{Rule: rule, ObjectID: objectID, Message: fmt.Sprintf(message, args...)})
	}
}

func (f *findings) add(v Violation) {
	f.report.Total++
	if len(f.report.Violations) < MaxViolations {
		f.report.Violations = append(f.report.Violations, v)
	}
}

// merge takes over what was found apart.
func (f *findings) merge(other findings) {
	for rule, n := range other.report.Checked {
		f.report.Checked[rule] += n
	}
	for _, v := range other.report.Violations {
		f.add(v)
	}
}
