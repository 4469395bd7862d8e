package routing

// Hypothesis is a payment that nobody makes, to learn where it would go.
type Hypothesis struct {
	Question // without Candidates and Profile
	// Routing is what the payment would say: "auto", a gateway's name or a profile's id.
	Routing string
	Manual  bool     // to be captured later
	Rules   *RuleSet // instead of those that are active; nil: those
}
