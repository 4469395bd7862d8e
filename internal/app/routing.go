package app

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"

	"paymenthub/internal/country"
	"paymenthub/internal/fx"
	"paymenthub/internal/gateway"
	"paymenthub/internal/id"
	"paymenthub/internal/money"
	"paymenthub/internal/recall"
	"paymenthub/internal/routing"
)

// Bounds of the rates that fees are counted in another currency by.
const (
	feeRateTTL     = time.Minute
	feeRateLimit   = 1000 // pairs of currencies
	feeRateTimeout = time.Second
)

// merchantsRouting is what merchants do with routing, and ask of it.
type merchantsRouting struct {
	*routing.Profiles
	*routing.Reports
	*gateway.Router
}

// openRouting makes the engine that chooses gateways, learns what the hub's other
// processes know, and goes on exchanging it until the hub is closed.
func (h *Hub) openRouting(ctx context.Context, live country.Lookup) error {
	process := id.NewSuffix()
	h.watch = &routing.Watch{
		Repository: h.store.Routing(), Health: routing.NewHealth(process), Outcomes: routing.NewOutcomes(process), Clock: h.clock,
		Failed: func(err error) { h.log.Warn("what gateways do was not exchanged with other processes", zap.Error(err)) },
	}
	h.engine = routing.NewEngine(routing.Options{
		Repository: h.store.Routing(), Health: h.watch.Health, Outcomes: h.watch.Outcomes, Sandbox: country.Sandbox(), Live: live,
		Rates: h.feeRates(), Clock: h.clock,
	})
	h.router = gateway.NewRouter(h.gateways, h.engine)
	h.routing = merchantsRouting{
		Profiles: routing.NewProfiles(h.store.Routing(), h.router.NamesInRules, h.engine.Forget, h.clock),
		Reports:  &routing.Reports{Repository: h.store.Routing(), Health: h.watch.Health, Gateways: h.router.Names, Clock: h.clock},
		Router:   h.router,
	}
	if err := h.watch.Exchange(ctx); err != nil {
		return fmt.Errorf("routing: %w", err)
	}
	watching, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	h.stopWatch = func() { stop(); <-done }
	go func() {
		defer close(done)
		h.watch.Run(watching)
	}()
	return nil
}

// feeRates converts the part of a fee that is in another currency than the payment,
// by a rate that is remembered for a while.
func (h *Hub) feeRates() routing.Rates {
	type pair struct{ from, to money.Currency }
	known := recall.New[pair, fx.Rate](feeRateTTL, feeRateLimit, h.clock)
	return func(m money.Money, to money.Currency) (money.Money, bool) {
		ctx, cancel := context.WithTimeout(context.Background(), feeRateTimeout)
		defer cancel()
		rate, err := known.Get(ctx, pair{m.Currency, to}, func(ctx context.Context) (fx.Rate, error) {
			mid, err := h.rates.Mid(ctx, m.Currency, to)
			if err != nil {
				return fx.Rate{}, err
			}
			return mid.Ratio.Less(0), nil
		})
		if err != nil {
			return money.Money{}, false
		}
		converted, err := rate.Convert(m, to)
		return converted, err == nil
	}
}

// retries holds trying a card again against the networks' caps.
func (h *Hub) retries() *routing.Retries {
	caps := routing.StandardRetryCaps()
	for brand, most := range map[string]int{"visa": h.config.Routing.RetryCaps.Visa, "mastercard": h.config.Routing.RetryCaps.Mastercard} {
		if most > 0 {
			caps[brand] = most
		}
	}
	return &routing.Retries{Caps: caps, Declines: h.store.Routing(), Clock: h.clock}
}
