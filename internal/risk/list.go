package risk

import (
	"net/netip"
	"strings"
)

// list is a block or allow list, prepared for many look-ups.
type list struct {
	values   map[Entry]bool // of all types but IP, in the case that sightings have
	networks []netip.Prefix
}

func newList(entries []Entry) list {
	l := list{values: make(map[Entry]bool, len(entries))}
	for _, e := range entries {
		switch e.Type {
		case EntryIP:
			if prefix, ok := network(e.Value); ok {
				l.networks = append(l.networks, prefix)
			}
		case EntryEmail, EntryEmailDomain:
			l.values[Entry{e.Type, strings.ToLower(e.Value)}] = true
		default:
			l.values[e] = true
		}
	}
	return l
}

func (l list) empty() bool { return len(l.values) == 0 && len(l.networks) == 0 }

// names returns what of the sighting the list names, in words; "" for nothing.
// Countries are the sighting's, and are left to the caller.
func (l list) names(s Sighting) string {
	switch {
	case l.empty():
		return ""
	case l.values[Entry{EntryCard, s.Fingerprint}]:
		return "the card"
	case l.namesBIN(s.BIN):
		return "the card's leading digits"
	case l.namesIP(s.IP):
		return "the shopper's IP address"
	case s.Email != "" && l.values[Entry{EntryEmail, s.Email}]:
		return "the e-mail address"
	case l.values[Entry{EntryEmailDomain, domainOf(s.Email)}]:
		return "the domain of the e-mail address"
	default:
		return ""
	}
}

// namesBIN compares as many digits as an entry has.
func (l list) namesBIN(bin string) bool {
	for digits := 6; digits <= len(bin); digits++ {
		if l.values[Entry{EntryBIN, bin[:digits]}] {
			return true
		}
	}
	return false
}

func (l list) namesIP(ip string) bool {
	if len(l.networks) == 0 {
		return false
	}
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return false
	}
	addr = addr.Unmap().WithZone("")
	for _, network := range l.networks {
		if network.Contains(addr) {
			return true
		}
	}
	return false
}

func (l list) country(code string) bool { return l.values[Entry{EntryCountry, code}] }

// countries counts the known countries of an attempt, and those that the list names.
func (l list) countries(o origin) (named, known int) {
	for _, code := range []string{o.bin, o.ip, o.billing} {
		if code != "" {
			known++
			if l.country(code) {
				named++
			}
		}
	}
	return named, known
}

func domainOf(email string) string { return email[strings.LastIndexByte(email, '@')+1:] }
