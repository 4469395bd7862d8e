package ecb_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/fx"
	"paymenthub/internal/fx/ecb"
	"paymenthub/internal/money"
)

// daily is a file as the ECB publishes it, shortened.
const daily = `<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
	<gesmes:subject>Reference rates</gesmes:subject>
	<gesmes:Sender>
		<gesmes:name>European Central Bank</gesmes:name>
	</gesmes:Sender>
	<Cube>
		<Cube time='2026-04-21'>
			<Cube currency='USD' rate='1.1489'/>
			<Cube currency='JPY' rate='163.62'/>
			<Cube currency='BGN' rate='1.9558'/>
			<Cube currency='GBP' rate='0.85818'/>
		</Cube>
	</Cube>
</gesmes:Envelope>`

func currency(code string) money.Currency { return money.Currency(code) }

func write(t *testing.T, file, text string, at time.Time) {
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	require.NoError(t, os.Chtimes(file, at, at))
}

func TestRatesOfTheDay(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "eurofxref-daily.xml")
	write(t, file, daily, time.Now())
	s, err := ecb.Open(file, func(err error) { t.Error(err) })
	require.NoError(t, err)
	for pair, want := range map[[2]string]string{
		{"EUR", "USD"}: "1.1489", {"USD", "EUR"}: "0.870397771781704239", {"USD", "GBP"}: "0.746957959787622944",
		{"GBP", "JPY"}: "190.659302244284416", {"EUR", "EUR"}: "1",
	} {
		mid, err := s.Mid(t.Context(), currency(pair[0]), currency(pair[1]))
		require.NoError(t, err)
		require.Equal(t, want, mid.Ratio.Less(0).String(), pair)
		require.Equal(t, time.Date(2026, 4, 21, 0, 0, 0, 0, time.UTC), mid.AsOf)
		require.Equal(t, ecb.Name, mid.Source)
	}
	for _, pair := range [][2]string{{"EUR", "AED"}, {"AED", "USD"}, {"BGN", "EUR"}} {
		_, err := s.Mid(t.Context(), currency(pair[0]), currency(pair[1]))
		require.ErrorIs(t, err, fx.ErrNoRate, pair)
	}
}

func TestTheFileIsReadAgainWhenItChanges(t *testing.T) {
	t.Parallel()
	file, start := filepath.Join(t.TempDir(), "rates.xml"), time.Now().Add(-time.Hour)
	write(t, file, daily, start)
	var failures []error
	s, err := ecb.Open(file, func(err error) { failures = append(failures, err) })
	require.NoError(t, err)
	dollar := func() string {
		mid, err := s.Mid(t.Context(), "EUR", "USD")
		require.NoError(t, err)
		return mid.Ratio.Less(0).String()
	}
	write(t, file, strings.ReplaceAll(daily, "1.1489", "1.2000"), start.Add(time.Minute))
	require.Equal(t, "1.2", dollar(), "of the same size, but newer")

	write(t, file, daily[:300], start.Add(2*time.Minute))
	require.Equal(t, "1.2", dollar(), "half a file changes nothing")
	require.Equal(t, "1.2", dollar())
	require.Len(t, failures, 1, "and is told once")
	require.NoError(t, os.Remove(file))
	require.Equal(t, "1.2", dollar())
	require.Equal(t, "1.2", dollar())
	require.Len(t, failures, 2)
	write(t, file, strings.ReplaceAll(daily, "1.1489", "1.3"), start.Add(3*time.Minute))
	require.Equal(t, "1.3", dollar())
	require.Len(t, failures, 2)
}

func TestTheNewestDayCounts(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "rates.xml")
	older := `<Cube time='2026-04-20'><Cube currency='USD' rate='9'/></Cube>`
	write(t, file, strings.Replace(daily, "</Cube>\n\t</Cube>", "</Cube>"+older+"</Cube>", 1), time.Now())
	s, err := ecb.Open(file, nil)
	require.NoError(t, err)
	mid, err := s.Mid(t.Context(), "EUR", "USD")
	require.NoError(t, err)
	require.Equal(t, "1.1489", mid.Ratio.Less(0).String())
}

func TestWhatIsNotInTheFormatIsRefused(t *testing.T) {
	t.Parallel()
	_, err := ecb.Open(filepath.Join(t.TempDir(), "none.xml"), nil)
	require.ErrorIs(t, err, os.ErrNotExist)
	for name, text := range map[string]string{
		"empty": "", "no XML": "{}", "no rates": "<Envelope/>", "half": daily[:len(daily)/2],
		"a bad date":       strings.Replace(daily, "2026-04-21", "21.4.2026", 1),
		"a bad rate":       strings.Replace(daily, "1.1489", "1,1489", 1),
		"no rate at all":   strings.Replace(daily, "1.1489", "0", 1),
		"a currency twice": strings.Replace(daily, "JPY", "USD", 1),
		"a rate of a euro": strings.Replace(daily, "JPY", "EUR", 1),
	} {
		file := filepath.Join(t.TempDir(), "rates.xml")
		write(t, file, text, time.Now())
		_, err := ecb.Open(file, nil)
		require.Error(t, err, name)
	}
}
