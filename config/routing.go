package config

// Routing is how gateways are chosen, beside each merchant's own rules.
type Routing struct {
	// RetryCaps are how often a card is tried again within 30 days after its first
	// decline, when one gateway fails over to another.
	RetryCaps RetryCaps `yaml:"retry_caps"`
}

// RetryCaps are by card network; 0 leaves it to the network's own rule.
type RetryCaps struct {
	Visa       int `yaml:"visa"`
	Mastercard int `yaml:"mastercard"`
}

// maxRetryCap is more than any network allows.
const maxRetryCap = 1000

func (f *faults) routing(r Routing) {
	f.between("routing.retry_caps.visa", r.RetryCaps.Visa, 0, maxRetryCap)
	f.between("routing.retry_caps.mastercard", r.RetryCaps.Mastercard, 0, maxRetryCap)
}
