package country

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"sort"
	"strings"
)

// digits is the length of the longest BIN (ISO/IEC 7812-1:2017), and end what
// comes after the last of them.
const (
	digits = 8
	end    = 100_000_000
)

// span is a range of BINs, written with 8 digits, and the country of its cards.
type span struct {
	from, to uint32
	country  string
	line     int // of the file
}

// segment is a part of all BINs from one on, up to the next segment.
type segment struct {
	from    uint32
	country string // "": not known
}

// header is the first line that a file may have.
var header = []string{"from", "to", "country"}

// read reads rows of from, to and country: BINs of 6 to 8 digits, both of the
// same length, and an ISO 3166-1 alpha-2 code.
func read(r io.Reader) ([]span, error) {
	rows := csv.NewReader(r)
	rows.FieldsPerRecord, rows.TrimLeadingSpace, rows.Comment, rows.ReuseRecord = len(header), true, '#', true
	var all []span
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return all, apart(all)
		}
		if err != nil {
			return nil, err // names the line
		}
		line, _ := rows.FieldPos(0)
		if len(all) == 0 && slices.Equal(row, header) {
			continue
		}
		s, err := parse(row[0], row[1], row[2])
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		s.line = line
		all = append(all, s)
	}
}

func parse(from, to, code string) (span, error) {
	low, _, okLow := bounds(from)
	_, high, okHigh := bounds(to)
	switch {
	case !okLow || !okHigh || len(from) != len(to):
		return span{}, fmt.Errorf("%q and %q must be BINs of 6 to 8 digits, both of the same length", from, to)
	case low > high:
		return span{}, fmt.Errorf("%q is after %q", from, to)
	case !isCode(code):
		return span{}, fmt.Errorf("%q must be an ISO 3166-1 country code of two capitals", code)
	}
	return span{from: low, to: high, country: strings.Clone(code)}, nil
}

// bounds returns the first and last BIN of 8 digits that begin with these 6 to 8.
func bounds(bin string) (low, high uint32, ok bool) {
	if len(bin) < 6 || len(bin) > digits {
		return 0, 0, false
	}
	for _, d := range []byte(bin) {
		if d < '0' || d > '9' {
			return 0, 0, false
		}
		low = low*10 + uint32(d-'0')
	}
	width := uint32(1)
	for range digits - len(bin) {
		low, width = low*10, width*10
	}
	return low, low + width - 1, true
}

// outerFirst orders ranges by where they begin, those that hold others first.
func outerFirst(a, b span) int {
	return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(b.to, a.to), cmp.Compare(a.line, b.line))
}

// apart checks that of any two ranges one holds the other or none of it: which one
// of two that overlap is more specific, nobody could say.
func apart(all []span) error {
	slices.SortFunc(all, outerFirst)
	var open []span
	for _, s := range all {
		for len(open) > 0 && open[len(open)-1].to < s.from {
			open = open[:len(open)-1]
		}
		if len(open) > 0 {
			around := open[len(open)-1]
			if s.to > around.to || s.from == around.from && s.to == around.to && s.country != around.country {
				return fmt.Errorf("line %d: the range overlaps that of line %d", max(s.line, around.line), min(s.line, around.line))
			}
		}
		open = append(open, s)
	}
	return nil
}

// flatten turns ranges that are apart into segments; where one range holds
// another, the inner one counts.
func flatten(all []span) []segment {
	slices.SortFunc(all, outerFirst)
	segments := []segment{{}}
	begin := func(from uint32, country string) {
		if last := &segments[len(segments)-1]; last.from == from {
			last.country = country
		} else {
			segments = append(segments, segment{from, country})
		}
	}
	var open []span
	leave := func(until uint32) {
		for len(open) > 0 && open[len(open)-1].to < until {
			ended := open[len(open)-1]
			open = open[:len(open)-1]
			outside := ""
			if len(open) > 0 {
				outside = open[len(open)-1].country
			}
			begin(ended.to+1, outside)
		}
	}
	for _, s := range all {
		leave(s.from)
		begin(s.from, s.country)
		open = append(open, s)
	}
	leave(end)
	return slices.CompactFunc(segments, func(a, b segment) bool { return a.country == b.country })
}

// find returns the country of a BIN. One of fewer than 8 digits has a country only
// when all BINs that begin with it have the same.
func find(segments []segment, bin string) string {
	low, high, ok := bounds(bin)
	if !ok || len(segments) == 0 {
		return ""
	}
	next := sort.Search(len(segments), func(i int) bool { return segments[i].from > low })
	if next < len(segments) && segments[next].from <= high {
		return ""
	}
	return segments[next-1].country
}
