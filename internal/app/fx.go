package app

import (
	"context"
	"fmt"

	"go.uber.org/zap"

	"paymenthub/config"
	"paymenthub/internal/fx"
	"paymenthub/internal/fx/ecb"
	"paymenthub/internal/merchant"
)

// openFX makes the service that quotes exchange rates, with the configured sources.
func (h *Hub) openFX(context.Context) error {
	c := h.config.FX
	var sources []fx.Source
	for _, name := range c.Sources {
		switch {
		case name == config.FXTable:
			sources = append(sources, fx.NewTable(h.store.FX()))
		case c.ECBFile != "":
			file, err := ecb.Open(c.ECBFile, func(err error) {
				h.log.Error("exchange rates cannot be read; those from before count on until they are too old", zap.Error(err))
			})
			if err != nil {
				return fmt.Errorf("fx.ecb_file: %w", err)
			}
			sources = append(sources, file)
		}
	}
	h.rates = fx.NewRates(sources, c.MaxAge, h.clock)
	h.fx = fx.NewService(fx.Options{
		Rates: h.rates, Quotes: h.store.FX(), Settings: merchant.NewSettingsCache(h.store.Merchants(), h.clock),
		MarginBPS: int64(c.MarginBPS), QuoteFor: c.QuoteFor, Clock: h.clock,
	})
	return nil
}
