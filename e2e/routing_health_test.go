package e2e

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// agreed is how soon all processes know what one of them has seen.
const agreed = 10 * time.Second

// newPair starts two hubs on one database, at which Stripe and Checkout.com are connected.
func newPair(t *testing.T, d dialect) (p *parts, second string) {
	t.Helper()
	addr := quietAddress(t)
	p = partsOn(t, d, "PAYMENTHUB_GATEWAYS_ORDER=stripe,checkout", "PAYMENTHUB_GATEWAYS_SANDBOX_CHECKOUT_BASE_URL=http://"+addr,
		"PAYMENTHUB_GATEWAYS_SANDBOX_CHECKOUT_SECRET_KEY=sk_sbox_parts", "PAYMENTHUB_GATEWAYS_SANDBOX_CHECKOUT_PROCESSING_CHANNEL_ID=pc_parts")
	checkout := p.startProvider(t, "checkout", addr)
	t.Cleanup(checkout.kill)
	p.Simulators["checkout"] = "http://" + addr
	return p, p.startSecond(t)
}

// health is what a hub knows of a gateway.
func (c client) health(t *testing.T, gateway string) (state, forced string) {
	t.Helper()
	for _, h := range read[struct {
		Health []struct{ Gateway, State, Forced string }
	}](t, c.get(t, routingStats), http.StatusOK).Health {
		if h.Gateway == gateway {
			state, forced = h.State, h.Forced
		}
	}
	return state, forced
}

// What one process has seen of a gateway, and what an operator says of it, decides in
// all of them within seconds.
func TestAllHubsKnowThatAGatewayIsDown(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	t.Parallel()
	for _, d := range dialects(t) {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			p, address := newPair(t, d)
			s := newShop(t, p.hub)
			second := client{address, s.key}
			manual := object{"currency": "EUR", "capture_method": "manual"}
			require.Equal(t, "stripe", second.pay(t, visa, manual).intent(t).Gateway)

			busy := object{"operation": atStripe, "fault": "http_429", "count": 100}
			require.Equal(t, http.StatusCreated, p.simulator(t, http.MethodPost, "/_sim/faults", busy).status)
			for range 5 {
				f := s.pay(t, visa, object{"routing": "stripe"}).failure(t, http.StatusPaymentRequired, "payment_failed")
				require.Equal(t, "gateway_unavailable", f.DeclineCode)
			}
			for name, c := range map[string]client{"the one that saw it": s.client, "the other": second} {
				promptly(t, agreed, name+" knows", func() bool { state, _ := c.health(t, "stripe"); return state != "closed" })
				d := c.simulated(t, object{"amount": 12000, "currency": "EUR", "method": "card"})
				require.Equal(t, []string{"checkout"}, d.gateways(), "%s: %v", name, d.Excluded)
				require.Equal(t, "stripe", d.Excluded[0].Gateway)
				require.Equal(t, "checkout", c.pay(t, visa, manual).intent(t).Gateway, name)
			}

			p.run(t, "gateway", "insist", "stripe", "--environment", "sandbox")
			p.clearFaults(t)
			for name, c := range map[string]client{"the first": s.client, "the second": second} {
				promptly(t, agreed, name+" is told by the operator", func() bool { _, forced := c.health(t, "stripe"); return forced == "up" })
				require.Equal(t, "stripe", c.pay(t, visa, manual).intent(t).Gateway, name)
			}
		})
	}
}
