package config

import (
	"slices"
	"time"
)

// FX is what currencies are worth in each other (docs/CURRENCIES.md).
type FX struct {
	// Sources of rates, best first: table (rates set with `paymenthub fx set`) and ecb.
	Sources []string `yaml:"sources"`
	// ECBFile is the European Central Bank's daily reference rates,
	// eurofxref-daily.xml; it is read again whenever it changes. Without it the source
	// ecb has no rates.
	ECBFile string `yaml:"ecb_file"`
	// MarginBPS is taken off the middle rate, in ten-thousandths of it, 0 to 2,000.
	MarginBPS int `yaml:"margin_bps"`
	// MaxAge is how old a rate may be, 1 h to 31 days; the ECB's are of the beginning
	// of their day.
	MaxAge time.Duration `yaml:"max_age"`
	// QuoteFor is how long a quote can be taken up, 1 min to 24 h.
	QuoteFor time.Duration `yaml:"quote_for"`
}

// Sources of rates.
const (
	FXTable = "table"
	FXECB   = "ecb"
)

func defaultFX() FX {
	return FX{Sources: []string{FXTable, FXECB}, MaxAge: 4 * 24 * time.Hour, QuoteFor: 15 * time.Minute}
}

func (f *faults) fx(c FX) {
	seen := map[string]bool{}
	for _, s := range c.Sources {
		f.check(slices.Contains([]string{FXTable, FXECB}, s) && !seen[s], "fx.sources", "has %q; name table and ecb, each at most once, the better one first", s)
		seen[s] = true
	}
	f.readable("fx.ecb_file", c.ECBFile)
	f.between("fx.margin_bps", c.MarginBPS, 0, 2000)
	f.check(c.MaxAge >= time.Hour && c.MaxAge <= 31*24*time.Hour, "fx.max_age", "must be 1h to 744h")
	f.check(c.QuoteFor >= time.Minute && c.QuoteFor <= 24*time.Hour, "fx.quote_for", "must be 1m to 24h")
}
