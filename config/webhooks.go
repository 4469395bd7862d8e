package config

// Webhooks is where merchants' servers may be told of events (docs/WEBHOOKS.md).
type Webhooks struct {
	// Ports that endpoints may have, 1 to 65535.
	Ports []int `yaml:"ports"`
	// AllowLoopback lets sandbox endpoints be on this machine, over plain HTTP too and on
	// any port, for development. It is refused beside a live account at a real provider.
	AllowLoopback bool `yaml:"allow_loopback"`
}

func defaultWebhooks() Webhooks { return Webhooks{Ports: []int{443, 8443}} }

func (f *faults) webhooks(c Webhooks, live string) {
	f.check(len(c.Ports) > 0, "webhooks.ports", "is empty; 443 and 8443 are the usual ones")
	for _, port := range c.Ports {
		f.between("webhooks.ports", port, 1, 65535)
	}
	if c.AllowLoopback && live != "" {
		f.check(false, "webhooks.allow_loopback", "is for development; set it to false, or remove %s%s (%s_…)", liveAccounts, live, envOf(liveAccounts+live))
	}
}
