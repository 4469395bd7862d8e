package country_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paymenthub/internal/country"
	"paymenthub/internal/risk"
)

var _ risk.Countries = country.Lookup{}

func open(t require.TestingT, rows string) (country.Lookup, error) {
	dir, err := os.MkdirTemp("", "bins")
	require.NoError(t, err)
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "bins.csv")
	require.NoError(t, os.WriteFile(file, []byte(rows), 0o600))
	return country.Open(file)
}

func TestAddresses(t *testing.T) {
	var l country.Lookup
	for address, want := range map[string]string{
		"8.8.8.8": "US", "193.0.6.139": "NL", "::ffff:193.0.6.139": "NL", "2001:67c:2e8:22::c100:68b": "NL",
		"": "", "nonsense": "", "127.0.0.1": "", "::1": "", "10.1.2.3": "", "192.168.0.1": "", "172.16.9.9": "", "fd00::1": "",
		"169.254.0.1": "", "fe80::1%eth0": "", "0.0.0.0": "", "224.0.0.1": "", "255.255.255.255": "", "::": "",
	} {
		require.Equal(t, want, l.OfIP(address), address)
	}
	require.Equal(t, "", l.OfBIN("424242"))
}

func TestTestCards(t *testing.T) {
	l := country.Sandbox()
	for bin, want := range map[string]string{
		"42424242": "US", "424242": "US", "55555555": "US", "55555582": "GB", "40000582": "GB",
		"40000007": "BR", "40000025": "FR", "40000082": "GB", "40000027": "DE",
		"40000003": "", // Argentina and Australia
		"40000060": "", // Paraguay and Peru
		"40000000": "", "400000": "", "555555": "", "41111111": "", "": "", "4242": "", "4242424242": "", "42424a": "",
	} {
		require.Equal(t, want, l.OfBIN(bin), bin)
	}
}

func TestFileOfBINs(t *testing.T) {
	l, err := open(t, "from,to,country\n# a comment\n400000,400099,FR\n40001000,40001999,DE\n4000155,4000157,AT\n99999999,99999999,US\n00000000,00000001,BE\n")
	require.NoError(t, err)
	for bin, want := range map[string]string{
		"40000000": "FR", "40000999": "FR", "40001000": "DE", "40001549": "DE", "40001550": "AT", "40001579": "AT", "40001580": "DE",
		"40001999": "DE", "40002000": "FR", "40009999": "FR", "40010000": "", "39999999": "",
		"400000": "FR", "400020": "FR", "400015": "", "4000155": "AT", "400010": "DE", "400100": "",
		"99999999": "US", "999999": "", "00000001": "BE", "00000002": "",
	} {
		require.Equal(t, want, l.OfBIN(bin), bin)
	}
}

func TestWhatIsWrongWithAFileIsNamed(t *testing.T) {
	for rows, want := range map[string]string{
		"400000,400099,FR\n400000,40009,FR\n":          "line 2",
		"400000,400099,FR\n\n# x\n400000,4000999,FR\n": "line 4",
		"40000x,400099,FR\n":                           "line 1",
		"400099,400000,FR\n":                           "line 1",
		"400000,400099,fr\n":                           "line 1",
		"400000,400099\n":                              "line 1",
		"400000,400099,FR\nfrom,to,country\n":          "line 2",
		"400000,400099,FR\n400050,400150,DE\n":         "line 2: the range overlaps that of line 1",
		"400050,400150,DE\n400000,400099,FR\n":         "line 2: the range overlaps that of line 1",
		"400000,400099,FR\n400000,400099,DE\n":         "line 2: the range overlaps that of line 1",
		"\"400000,400099,FR\n":                         "line 1",
	} {
		_, err := open(t, rows)
		require.ErrorContains(t, err, want, rows)
	}
	_, err := country.Open(filepath.Join(t.TempDir(), "none.csv"))
	require.ErrorIs(t, err, os.ErrNotExist)
	l, err := country.Open("")
	require.NoError(t, err)
	require.Empty(t, l.OfBIN("42424242"))
}

// TestTheInnermostRangeCounts compares with the plain way: the narrowest range
// that holds a BIN.
func TestTheInnermostRangeCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type row struct {
			from, to int
			country  string
		}
		var rows []row
		text := ""
		for range rapid.IntRange(0, 8).Draw(t, "rows") {
			from := 40000000 + rapid.IntRange(0, 30).Draw(t, "from")
			r := row{from, from + rapid.IntRange(0, 12).Draw(t, "width"), rapid.SampledFrom([]string{"FR", "DE", "AT"}).Draw(t, "country")}
			fits := true
			for _, o := range rows {
				crosses := r.from < o.from && r.to >= o.from && r.to < o.to || o.from < r.from && o.to >= r.from && o.to < r.to
				fits = fits && !crosses && (r.from != o.from || r.to != o.to)
			}
			if fits {
				rows = append(rows, r)
				text += fmt.Sprintf("%d,%d,%s\n", r.from, r.to, r.country)
			}
		}
		l, err := open(t, text)
		require.NoError(t, err)
		for bin := 40000000; bin < 40000050; bin++ {
			want, width := "", 1<<30
			for _, r := range rows {
				if r.from <= bin && bin <= r.to && r.to-r.from < width {
					want, width = r.country, r.to-r.from
				}
			}
			require.Equal(t, want, l.OfBIN(fmt.Sprint(bin)), "%d in\n%s", bin, text)
		}
	})
}
