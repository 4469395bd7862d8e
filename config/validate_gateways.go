package config

import (
	"maps"
	"net/url"
	"slices"
	"strings"
)

func (f *faults) gateways(g Gateways) {
	f.check(g.Timeout >= minTimeout && g.Timeout <= maxGatewayTimeout, "gateways.timeout", "must be %s to %s", minTimeout, maxGatewayTimeout)
	for i, name := range g.Order {
		f.check(g.provider(name) != nil, "gateways.order", "has %q, which is no provider", name)
		f.check(!slices.Contains(g.Order[:i], name), "gateways.order", "has %q twice", name)
	}
	f.accounts(g, sandboxAccounts, g.Sandbox)
	f.accounts(g, liveAccounts, g.Live)
	if f.need(NeedGateways) && len(g.Connected(g.Sandbox)) == 0 && len(g.Connected(g.Live)) == 0 {
		const sandbox, live = sandboxAccounts + "stripe.secret_key", liveAccounts + "stripe.secret_key"
		f.check(false, sandbox, "or %s (%s) is not set, nor any other provider's; the hub needs an account at a gateway", live, envOf(live))
	}
}

func (f *faults) accounts(g Gateways, section string, accounts Accounts) {
	for _, name := range slices.Sorted(maps.Keys(accounts)) {
		p := g.provider(name)
		if p == nil {
			f.check(false, section+name, "is no provider; there are %s", strings.Join(g.ordered(), ", "))
			continue
		}
		f.account(section, *p, accounts[name])
	}
}

// account checks what is set of an account, if there is one. What is wrong in the provider's own terms
// is asked for once it has all that it needs.
func (f *faults) account(section string, p Provider, a Account) {
	key, live := section+p.Name+".", section == liveAccounts
	if a.BaseURL != "" {
		u := f.httpURL(key+baseURL, a.BaseURL)
		f.check(u == nil || u.Scheme == "https" || !live || onLoopback(hostPort(u)), key+baseURL, "must be https: it carries the numbers of real cards")
	}
	if !p.connects(a) && a.BaseURL == "" {
		return
	}
	complete := true
	for _, c := range p.Credentials {
		missing := c.Required && a.Credentials[c.Name] == ""
		f.check(!missing, key+c.Name, "is not set, but other settings of the account are")
		complete = complete && !missing
	}
	if !complete {
		return
	}
	if credential, problem := p.Check(a, live); problem != "" {
		f.check(false, key+credential, "%s", problem)
	}
}

// realLive names the account with which live payments may move real money, "" when
// there is none: those of simulators are on this machine.
func (g Gateways) realLive() string {
	for _, name := range g.Connected(g.Live) {
		u, err := url.Parse(string(g.Live[name].BaseURL))
		if err != nil || !onLoopback(hostPort(u)) {
			return name
		}
	}
	return ""
}
