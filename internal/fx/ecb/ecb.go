// Package ecb reads the reference rates that the European Central Bank publishes once
// every working day, from a file in its format (eurofxref-daily.xml).
package ecb

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"paymenthub/internal/fx"
	"paymenthub/internal/money"
)

// Name is what quotes call the source.
const Name = "ecb"

// base is the currency that all rates of the file are of.
const base money.Currency = "EUR"

// maxSize bounds the file, in bytes; the daily one has two thousand.
const maxSize = 1 << 20

// Source is the file, read again whenever it changes.
type Source struct {
	file   string
	failed func(error)

	mu      sync.Mutex
	seen    stamp
	missing bool // and complained of
	rates   rates
}

var _ fx.Source = (*Source)(nil)

// stamp tells one version of a file from another.
type stamp struct {
	modified time.Time
	size     int64
}

// rates are those of one day: units of a currency for one euro.
type rates struct {
	day  time.Time
	euro map[money.Currency]fx.Rate
}

// Open reads a file of rates. failed is told of what it becomes that cannot be read;
// the rates from before count on, until they are too old.
// Errors: a file that cannot be read, or is not in the ECB's format.
func Open(file string, failed func(error)) (*Source, error) {
	s := &Source{file: file, failed: failed}
	return s, s.refresh()
}

// Name implements fx.Source.
func (s *Source) Name() string { return Name }

// Mid implements fx.Source. Between two currencies that are not the euro it is the
// one's rate over the other's.
func (s *Source) Mid(_ context.Context, from, to money.Currency) (fx.Mid, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.refresh(); err != nil {
		s.failed(err)
	}
	over, known := s.rates.euro[to]
	under, both := s.rates.euro[from]
	if !known || !both {
		return fx.Mid{}, fx.ErrNoRate
	}
	return fx.Mid{Ratio: fx.NewRatio(over, under), Source: Name, AsOf: s.rates.day}, nil
}

// refresh reads the file if it is another one than was read last.
func (s *Source) refresh() error {
	info, err := os.Stat(s.file)
	known := s.missing
	if s.missing = err != nil; s.missing {
		if known {
			return nil
		}
		return fmt.Errorf("ecb: %w", err)
	}
	now := stamp{info.ModTime(), info.Size()}
	if now == s.seen {
		return nil
	}
	s.seen = now // one that cannot be read is complained of once
	opened, err := os.Open(s.file)
	if err != nil {
		return fmt.Errorf("ecb: %w", err)
	}
	defer func() { _ = opened.Close() }()
	read, err := parse(io.LimitReader(opened, maxSize))
	if err != nil {
		return fmt.Errorf("ecb: %s: %w", s.file, err)
	}
	s.rates = read
	return nil
}

// envelope is the file, as far as it is used: one cube a day, in it one a currency.
type envelope struct {
	Days []struct {
		Date  string `xml:"time,attr"`
		Rates []struct {
			Currency string `xml:"currency,attr"`
			Rate     string `xml:"rate,attr"`
		} `xml:"Cube"`
	} `xml:"Cube>Cube"`
}

// parse reads the newest day of a file. Currencies that ISO 4217 no longer lists are
// left out.
func parse(r io.Reader) (rates, error) {
	var e envelope
	if err := xml.NewDecoder(r).Decode(&e); err != nil {
		return rates{}, fmt.Errorf("not in the ECB's format: %w", err)
	}
	var newest rates
	for _, d := range e.Days {
		day, err := time.Parse(time.DateOnly, d.Date)
		if err != nil {
			return rates{}, fmt.Errorf("the date %q is none", d.Date)
		}
		if !day.After(newest.day) {
			continue
		}
		newest = rates{day: day, euro: map[money.Currency]fx.Rate{base: fx.One()}}
		for _, c := range d.Rates {
			rate, err := fx.ParseRate(c.Rate)
			if err != nil {
				return rates{}, fmt.Errorf("the rate %q of %q on %s: %w", c.Rate, c.Currency, d.Date, err)
			}
			currency, err := money.ParseCurrency(c.Currency)
			if err != nil {
				continue
			}
			if _, twice := newest.euro[currency]; twice {
				return rates{}, fmt.Errorf("%s has two rates on %s", currency, d.Date)
			}
			newest.euro[currency] = rate
		}
	}
	if len(newest.euro) < 2 {
		return rates{}, errors.New("no rates in it")
	}
	return newest, nil
}
