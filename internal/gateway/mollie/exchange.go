package mollie

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/VictorAvelar/mollie-api-go/v4/mollie"
)

// refusal is an answer of Mollie's that is an error.
// Source: docs.mollie.com/reference/handling-errors.
type refusal struct {
	Status int    `json:"-"`     // of HTTP
	Field  string `json:"field"` // of the request that is wrong; often missing
}

// Error implements error, without the texts of Mollie's.
func (r *refusal) Error() string {
	if r.Field == "" {
		return fmt.Sprintf("Mollie answered %d", r.Status)
	}
	return fmt.Sprintf("Mollie answered %d (field %s)", r.Status, word(r.Field))
}

// exchange makes one HTTP call and reads its answer into a value. body and key are
// those of a POST. Errors: a *refusal when Mollie says no; any other when nobody
// knows.
func (a *Adapter) exchange(at call, method, path, key string, body, into any) error {
	request, err := a.api.NewAPIRequest(at.ctx, method, path, body)
	if err != nil {
		return err
	}
	if key != "" {
		request.Header.Set(mollie.IdempotencyKeyHeader, key)
	}
	response, err := a.api.Do(request)
	if response == nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode >= http.StatusMultipleChoices {
		no := &refusal{Status: response.StatusCode}
		// The library reads the field only of answers that tell their length. One that
		// cannot be read says as much by its status.
		if text, err := io.ReadAll(response.Body); err != nil || json.Unmarshal(text, no) != nil {
			no.Field = ""
		}
		return no
	}
	if err != nil {
		return err
	}
	return json.NewDecoder(response.Body).Decode(into)
}
