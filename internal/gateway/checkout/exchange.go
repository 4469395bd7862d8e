package checkout

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// maxAnswer bounds what is read of an answer.
const maxAnswer = 1 << 20

// refusal is an answer of Checkout.com's that is an error.
// Source: api-reference.checkout.com, the responses of each endpoint.
type refusal struct {
	Status    int      `json:"-"` // of HTTP
	RequestID string   `json:"request_id"`
	Codes     []string `json:"error_codes"`
}

// Error implements error: status, codes and request, and none of the texts.
func (r *refusal) Error() string {
	codes := make([]string, len(r.Codes))
	for i, code := range r.Codes {
		codes[i] = word(code)
	}
	if len(codes) == 0 {
		return fmt.Sprintf("Checkout.com answered %d", r.Status)
	}
	return fmt.Sprintf("Checkout.com answered %d (%s)", r.Status, strings.Join(codes, ", "))
}

// exchange makes one HTTP call and reads its answer into a value. body and key are
// those of a POST. Errors: a *refusal when Checkout.com says no; any other when
// nobody knows.
func (a *Adapter) exchange(at call, method, path, key string, body, into any) error {
	var sent io.Reader = http.NoBody
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return errors.New("the request cannot be written") // the error could quote it
		}
		sent = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(at.ctx, method, a.baseURL+path, sent)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+a.secretKey)
	request.Header.Set("Accept", "application/json")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Cko-Idempotency-Key", key)
	}
	response, err := a.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return err
	}
	if response.StatusCode >= http.StatusMultipleChoices {
		no := &refusal{Status: response.StatusCode}
		if json.Unmarshal(text, no) != nil { // many have no body
			no.Codes = nil
		}
		return no
	}
	return json.Unmarshal(text, into)
}

// word keeps what is an identifier and drops everything else.
func word(s string) string {
	if !isWord(s) {
		return "none"
	}
	return s
}

// isWord reports whether s is made of 1 to 64 letters, digits and underscores,
// as Checkout.com's ids and codes and our ids are.
func isWord(s string) bool {
	const most = 64
	for _, r := range s {
		if r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
			return false
		}
	}
	return s != "" && len(s) <= most
}
