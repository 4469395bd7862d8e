package verify

import "paymenthub/internal/payment"

// failovers checks the attempts that followed another one at once.
func (f *findings) failovers(d *dossier) {
	p := d.intent
	followers, gateways := 0, map[string]bool{}
	for i, a := range d.attempts {
		if a.After == "" {
			gateways = map[string]bool{a.Gateway: true}
			continue
		}
		followers++
		if i == 0 || d.attempts[i-1].ID != a.After {
			f.hold(FailoverLawful, false, p.ID, "attempt %s follows %s, which is not the one before it", a.ID, a.After)
			continue
		}
		before := d.attempts[i-1]
		f.hold(FailoverLawful, before.Decline != nil && before.Decline.Elsewhere(before.Card.Brand), p.ID,
			"attempt %s was tried elsewhere, which its answer does not allow", before.ID)
		f.hold(FailoverLawful, a.CardToken == before.CardToken && !gateways[a.Gateway], p.ID,
			"attempt %s is with another card than %s, or at a gateway that was tried already", a.ID, a.After)
		gateways[a.Gateway] = true
		f.hold(FailoverLawful, len(gateways) <= payment.MaxGateways, p.ID, "%d gateways were tried for one confirmation", len(gateways))
	}
	f.hold(FailoverLawful, followers == p.Failovers, p.ID, "counts %d failovers and has %d", p.Failovers, followers)
}

// followed reports whether another attempt followed the i-th one at once.
func (d *dossier) followed(i int) bool {
	return i+1 < len(d.attempts) && d.attempts[i+1].After == d.attempts[i].ID
}
