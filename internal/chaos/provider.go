package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// provider is the simulator's own side, for those who play with it.
type provider struct {
	base string
	http *http.Client
}

func newProvider(base string) *provider {
	return &provider{base: base, http: &http.Client{
		Timeout:       30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// call makes a request and decodes the answer into out, if that is not nil.
func (p *provider) call(ctx context.Context, method, path string, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, p.base+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	res, err := p.http.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode >= 300 {
		return fmt.Errorf("the simulator answered %s %s with %d: %s", method, path, res.StatusCode, raw)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(raw, out)
}

func (p *provider) fault(ctx context.Context, f ProviderFault) error {
	return p.call(ctx, http.MethodPost, "/_sim/faults", f, nil)
}

func (p *provider) webhooks(ctx context.Context, w Webhooks) error {
	return p.call(ctx, http.MethodPost, "/_sim/webhooks", w, nil)
}

// heal lets every call and delivery be as it should.
func (p *provider) heal(ctx context.Context) error {
	return errors.Join(p.call(ctx, http.MethodDelete, "/_sim/faults", nil, nil), p.webhooks(ctx, Webhooks{}))
}

// flush sends the deliveries that wait.
func (p *provider) flush(ctx context.Context) error {
	return p.call(ctx, http.MethodPost, "/_sim/webhooks/flush", nil, nil)
}

// pending says how many deliveries wait.
func (p *provider) pending(ctx context.Context) (int64, error) {
	var state struct {
		Pending int64 `json:"pending"`
	}
	err := p.call(ctx, http.MethodGet, "/_sim/webhooks", nil, &state)
	return state.Pending, err
}

// answerChallenge is the shopper at the issuer's page. It returns where the page
// sends the browser, "" when it sends it nowhere.
func (p *provider) answerChallenge(ctx context.Context, page string, approve bool) (location string, err error) {
	outcome := "fail"
	if approve {
		outcome = "approve"
	}
	if !strings.HasPrefix(page, p.base+"/3ds/") {
		return "", fmt.Errorf("the shopper was sent to %s", page)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, page, strings.NewReader(url.Values{"outcome": {outcome}}.Encode()))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := p.http.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusSeeOther && res.StatusCode != http.StatusOK {
		return "", fmt.Errorf("the issuer's page answered %d", res.StatusCode)
	}
	return res.Header.Get("Location"), nil
}

// record reads the provider's own record into the evidence.
func (p *provider) record(ctx context.Context, e *Evidence) error {
	var charges struct {
		Charges []Charge `json:"charges"`
	}
	var returns struct {
		Refunds []Return `json:"refunds"`
	}
	var complaints struct {
		Disputes []Complaint `json:"disputes"`
	}
	err := errors.Join(p.call(ctx, http.MethodGet, "/_sim/charges", nil, &charges), p.call(ctx, http.MethodGet, "/_sim/refunds", nil, &returns),
		p.call(ctx, http.MethodGet, "/_sim/disputes", nil, &complaints))
	e.Charges, e.Returns, e.Complaints = charges.Charges, returns.Refunds, complaints.Disputes
	return err
}
