package paypal

import (
	"context"
	"sync"
	"time"

	"github.com/plutov/paypal/v4"
)

// tokenMargin is how long before its end an access token is used no more.
const tokenMargin = time.Minute

// tokens keeps the account's access token. However many calls need a new one, it is
// fetched once, and by none of them: one that is given up leaves the others theirs.
type tokens struct {
	api     *paypal.Client
	timeout time.Duration

	mu       sync.Mutex
	value    string
	until    time.Time
	fetching *fetch // nil: nobody does
}

// fetch is a token on its way; done is closed when it is there.
type fetch struct {
	done  chan struct{}
	token string
	err   error
}

// tokenError says that there is no access token: nothing was sent in its name.
type tokenError struct{ cause error }

// Error implements error.
func (e *tokenError) Error() string { return "no access token: " + e.cause.Error() }

// Unwrap returns the cause.
func (e *tokenError) Unwrap() error { return e.cause }

// get returns a token that may be used now, and is not the one that PayPal refused,
// unless PayPal gives it out once more.
// Errors: a *tokenError.
func (t *tokens) get(ctx context.Context, refused string) (string, error) {
	t.mu.Lock()
	if t.value != "" && t.value != refused && time.Now().Before(t.until) {
		defer t.mu.Unlock()
		return t.value, nil
	}
	f := t.fetching
	if f == nil {
		f = &fetch{done: make(chan struct{})}
		t.fetching = f
		go t.fetch(f) //nolint:gosec // not under this call's context: it may be given up while others wait
	}
	t.mu.Unlock()
	select {
	case <-f.done:
		return f.token, f.err
	case <-ctx.Done():
		return "", &tokenError{ctx.Err()}
	}
}

// fetch asks for a token by the client credentials.
// Source: developer.paypal.com/api/rest/authentication.
func (t *tokens) fetch(f *fetch) {
	limited, cancel := context.WithTimeout(context.Background(), t.timeout)
	defer cancel()
	ctx, seen := watch(limited)
	answer, err := t.api.GetAccessToken(ctx)
	switch {
	case err != nil:
		f.err = &tokenError{seen.refusal(err)}
	case answer.Token == "":
		f.err = &tokenError{errUnreadable}
	default:
		f.token = answer.Token
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.fetching = nil
	if f.err == nil {
		lifetime := time.Duration(answer.ExpiresIn) * time.Second
		t.value, t.until = f.token, time.Now().Add(max(lifetime-tokenMargin, lifetime/2))
	}
	close(f.done)
}

// current is the token that is kept, "" when none is.
func (t *tokens) current() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.value
}
