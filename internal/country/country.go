// Package country knows where cards and IP addresses are from. Addresses are
// looked up in a table that is compiled in; which bank's country a BIN belongs to
// is licensed data, so an operator brings that as a file.
package country

import (
	"fmt"
	"net/netip"
	"os"

	"github.com/phuslu/iploc"
)

// Lookup implements risk.Countries: ISO 3166-1 alpha-2 codes, "" for what is not
// known. Its zero value knows addresses and no BIN.
type Lookup struct{ bins []segment }

// Open reads the operator's file of BINs; "" stands for none.
// Errors: the file cannot be read, or a line of it, which is named.
func Open(file string) (Lookup, error) {
	if file == "" {
		return Lookup{}, nil
	}
	opened, err := os.Open(file)
	if err != nil {
		return Lookup{}, err
	}
	defer opened.Close()
	ranges, err := read(opened)
	if err != nil {
		return Lookup{}, fmt.Errorf("%s: %w", file, err)
	}
	return Lookup{bins: flatten(ranges)}, nil
}

// Sandbox returns a look-up that knows the networks' test cards, and nothing of
// real ones.
func Sandbox() Lookup { return Lookup{bins: flatten(testCards())} }

// OfBIN returns the country of the bank that issues cards with these 6 to 8 leading digits.
func (l Lookup) OfBIN(bin string) string { return find(l.bins, bin) }

// nowhere is what the table says of addresses that nobody was given (ISO 3166-1
// leaves ZZ to its users).
const nowhere = "ZZ"

// OfIP returns the country that an address was given to. Addresses of private
// networks, and such that never leave a machine or a link, are not known.
func (Lookup) OfIP(address string) string {
	addr, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	addr = addr.Unmap().WithZone("")
	if !addr.IsGlobalUnicast() || addr.IsPrivate() {
		return ""
	}
	if code := iploc.IPCountry(addr); isCode(code) && code != nowhere {
		return code
	}
	return ""
}

func isCode(code string) bool {
	return len(code) == 2 && code[0] >= 'A' && code[0] <= 'Z' && code[1] >= 'A' && code[1] <= 'Z'
}
