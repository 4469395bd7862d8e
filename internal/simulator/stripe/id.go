package stripe

import (
	"crypto/rand"
	"strings"
	"sync"
	"time"
)

const (
	alphabet  = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	seqDigits = 9  // base 62; enough for microseconds until the year 2398
	idDigits  = 24 // as many characters after the prefix as Stripe's ids have
)

// sequence numbers objects by their creation time in microseconds, never the
// same number twice, never backwards.
type sequence struct {
	now func() time.Time

	mu   sync.Mutex
	last int64
}

func (s *sequence) next() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = max(s.last+1, s.now().UnixMicro())
	return s.last
}

// seconds is the creation time that a sequence number stands for.
func seconds(seq int64) int64 { return seq / int64(time.Second/time.Microsecond) }

// newID spells seq after prefix ("pi_") and fills up with random characters, so
// that ids sort by creation and cannot be guessed.
func newID(prefix string, seq int64) string {
	var digits [idDigits]byte
	for i := seqDigits - 1; i >= 0; i-- {
		digits[i] = alphabet[seq%int64(len(alphabet))]
		seq /= int64(len(alphabet))
	}
	copy(digits[seqDigits:], randomText(idDigits-seqDigits))
	return prefix + string(digits[:])
}

// parseID reads the sequence number in an id; false when it is not one of ours.
func parseID(prefix, id string) (int64, bool) {
	digits, ok := strings.CutPrefix(id, prefix)
	if !ok || len(digits) != idDigits {
		return 0, false
	}
	var seq int64
	for i := range seqDigits {
		value := strings.IndexByte(alphabet, digits[i])
		if value < 0 {
			return 0, false
		}
		seq = seq*int64(len(alphabet)) + int64(value)
	}
	return seq, true
}

// randomText returns n random characters of the id alphabet.
func randomText(n int) string {
	text := make([]byte, n)
	_, _ = rand.Read(text) // never fails
	for i, b := range text {
		text[i] = alphabet[int(b)%len(alphabet)]
	}
	return string(text)
}
