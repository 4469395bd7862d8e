package chassis

import (
	"crypto/rand"
	"crypto/sha256"
	"strings"
	"sync"
	"time"
)

// The alphabets that providers make their ids of.
const (
	Base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	Base36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	Base32 = "abcdefghijklmnopqrstuvwxyz234567"
)

// sequence numbers rows by their creation time in microseconds, never the same
// number twice, never backwards.
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

// NewID returns n random characters of an alphabet after a prefix ("pay_"). With
// 16 characters or more of any alphabet here no two are the same.
func NewID(prefix, alphabet string, n int) string {
	text := make([]byte, n)
	_, _ = rand.Read(text) // never fails
	return prefix + spell(text, alphabet)
}

// Derive returns n characters, at most 32, that are always the same for the same
// parts, as a credential of an account in development mode is.
func Derive(alphabet string, n int, parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return spell(sum[:n], alphabet)
}

// AccountOf names the account that credentials are of, so that the file holds
// none of them. Those of other accounts have another name.
func AccountOf(credentials ...string) string {
	return "acc_" + Derive(Base62, 20, append([]string{"account"}, credentials...)...)
}

func spell(raw []byte, alphabet string) string {
	text := make([]byte, len(raw))
	for i, b := range raw {
		text[i] = alphabet[int(b)%len(alphabet)]
	}
	return string(text)
}
