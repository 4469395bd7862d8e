package notification

import (
	"context"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"paymenthub/internal/account"
	"paymenthub/internal/fault"
	"paymenthub/internal/payment"
)

// Bounds of what a merchant's own account may tell. Whoever has connected it knows what
// its notifications are signed with: nothing but these keeps them from sending what they
// like. A payment is told of in some five events.
const (
	// ownPerSecond is how many a second are taken in the long run, by each process.
	ownPerSecond = 50
	// ownBurst is how many are taken at once.
	ownBurst = 200
	// ownBody is the largest body, in bytes.
	ownBody = 256 << 10
	// ownRaised is how many contradictions of one payment wait for an operator at once;
	// the next tell nothing that these do not.
	ownRaised = 10
	// ownAccounts bounds the accounts that are counted at once.
	ownAccounts = 10_000
)

// own reports whether a merchant's own account tells it, and not the operator's.
func (n *Notification) own() bool { return account.ValidName(n.Gateway) }

// bodiless reports whether no body is kept: of what a merchant's own account tells of
// nothing that the hub has.
func (n *Notification) bodiless() bool { return n.Status == Ignored && n.own() }

// raiseOwn ignores a contradiction where enough of its payment's are raised already.
func (r *Receiver) raiseOwn(ctx context.Context, n Notification) (Notification, error) {
	raised, _, err := r.Repository.List(ctx, Filter{Status: Raised, PaymentID: n.PaymentID, Limit: ownRaised})
	if len(raised) >= ownRaised {
		n.Status = Ignored
	}
	return n, err
}

// read checks a notification and reads it, within the bounds of an account that is a
// merchant's own. It is counted once its signature is right: strangers use up nothing.
func (r *Receiver) read(of Account, header http.Header, body []byte, now time.Time) (payment.Notice, error) {
	bounded := account.ValidName(of.Gateway)
	if bounded && len(body) > ownBody {
		return payment.Notice{}, fault.New(fault.PayloadTooLarge, "A notification of this account must have at most 256 KiB.")
	}
	notice, err := of.Reader.ReadNotification(header, body, now)
	if err == nil && bounded {
		err = r.own.take(of.Gateway, now)
	}
	return notice, err
}

// limit counts what merchants' own accounts tell. It is safe for concurrent use.
type limit struct {
	mu      sync.Mutex
	buckets map[string]*rate.Limiter // by the account's name
}

func newLimit() *limit { return &limit{buckets: map[string]*rate.Limiter{}} }

// take counts a notification. Errors: fault.RateLimited.
func (l *limit) take(account string, now time.Time) error {
	bucket := l.bucket(account)
	if bucket.AllowN(now, 1) {
		return nil
	}
	missing := 1 - bucket.TokensAt(now)
	wait := max(time.Millisecond, time.Duration(missing*float64(time.Second)/ownPerSecond))
	return fault.New(fault.RateLimited, "Too many notifications of this account. Send it again later.").After(wait)
}

// bucket returns an account's bucket. Where there are too many all are forgotten: their
// owners gain a burst, and the memory stays bounded.
func (l *limit) bucket(account string) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	bucket, known := l.buckets[account]
	if !known {
		if len(l.buckets) >= ownAccounts {
			clear(l.buckets)
		}
		bucket = rate.NewLimiter(ownPerSecond, ownBurst)
		l.buckets[account] = bucket
	}
	return bucket
}
