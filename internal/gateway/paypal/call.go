package paypal

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"paymenthub/internal/gateway/wire"
)

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 1 << 20

var errUnreadable = errors.New("the answer could not be read")

// call is one HTTP call on its way.
type call struct {
	parent context.Context
	ctx    context.Context // with the adapter's time limit
	wire   *wire.Wire
	cancel context.CancelFunc
}

// begin starts the clock of one HTTP call; its cancel must be called.
func (a *Adapter) begin(ctx context.Context) call {
	limited, cancel := context.WithTimeout(ctx, a.timeout)
	traced, wire := wire.Watch(limited)
	return call{parent: ctx, ctx: traced, wire: wire, cancel: cancel}
}

// request is what is asked of PayPal.
type request struct {
	method, path string
	key          string // PayPal-Request-Id; "" for a read
	body         any    // nil: none
}

// send makes a request and reads the answer; into is nil when nothing of it is
// needed. A token that PayPal takes no more is fetched anew, once: PayPal refuses it
// before it looks at the request.
// Errors: a *tokenError, a *refusal, and what net/http says.
func (a *Adapter) send(at call, r request, into any) error {
	token, err := a.tokens.get(at.ctx, "")
	if err != nil {
		return err
	}
	err = a.exchange(at, r, token, into)
	if refused := refusalIn(err); refused == nil || refused.status != http.StatusUnauthorized {
		return err
	}
	fresh, tokenErr := a.tokens.get(at.ctx, token)
	if tokenErr != nil || fresh == token {
		return err
	}
	return a.exchange(at, r, fresh, into)
}

func (a *Adapter) exchange(at call, r request, token string, into any) error {
	ctx, seen := watch(at.ctx)
	req, err := a.api.NewRequest(ctx, r.method, a.api.APIBase+r.path, r.body)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	if r.key != "" {
		req.Header.Set("PayPal-Request-Id", r.key)
		req.Header.Set("Prefer", "return=representation")
	}
	var answer bytes.Buffer
	if err := a.api.Send(req, &answer); err != nil {
		return seen.refusal(err)
	}
	if into != nil && json.Unmarshal(answer.Bytes(), into) != nil {
		return errUnreadable
	}
	return nil
}

// refusal is an answer that says no.
type refusal struct {
	status  int
	name    string   // "UNPROCESSABLE_ENTITY"; "" when it is not in PayPal's words
	issues  []string // "INSTRUMENT_DECLINED"
	debugID string
}

// Error implements error.
func (r *refusal) Error() string { return described(r) }

// issue is the first, or the refusal's name.
func (r *refusal) issue() string {
	if len(r.issues) > 0 {
		return r.issues[0]
	}
	return r.name
}

// refusalIn finds the refusal of a request in an error. That of a token is none.
func refusalIn(err error) *refusal {
	var token *tokenError
	var r *refusal
	if errors.As(err, &token) || !errors.As(err, &r) {
		return nil
	}
	return r
}

// sight is what the transport saw of an answer. The library tells neither the status
// of an answer that it cannot read, nor the words of one that is not of PayPal's usual form.
type sight struct {
	status int
	body   []byte // of an answer that says no
}

type sightKey struct{}

func watch(ctx context.Context) (context.Context, *sight) {
	s := &sight{}
	return context.WithValue(ctx, sightKey{}, s), s
}

// refusal is the refusal that was seen, or err where none was.
func (s *sight) refusal(err error) error {
	if s.status == 0 || s.status < http.StatusMultipleChoices {
		return err
	}
	var words struct {
		Name    string `json:"name"`
		Error   string `json:"error"` // of the endpoint of tokens
		DebugID string `json:"debug_id"`
		Details []struct {
			Issue string `json:"issue"`
		} `json:"details"`
	}
	r := &refusal{status: s.status}
	if json.Unmarshal(s.body, &words) != nil {
		return r
	}
	if r.name = words.Name; r.name == "" {
		r.name = words.Error
	}
	r.debugID = words.DebugID
	for _, d := range words.Details {
		if d.Issue != "" {
			r.issues = append(r.issues, d.Issue)
		}
	}
	return r
}

// watched bounds answers, and shows those that say no to who watches.
type watched struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (w watched) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := w.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body := response.Body
	limited := io.LimitReader(body, maxAnswer)
	response.Body = struct {
		io.Reader
		io.Closer
	}{limited, body}
	s, ok := r.Context().Value(sightKey{}).(*sight)
	if !ok {
		return response, nil
	}
	s.status = response.StatusCode
	if s.status >= http.StatusMultipleChoices {
		s.body, _ = io.ReadAll(limited) // what is cut off cannot be read as JSON
		response.Body = struct {
			io.Reader
			io.Closer
		}{bytes.NewReader(s.body), body}
	}
	return response, nil
}
