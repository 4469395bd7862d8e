package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"paymenthub/internal/id"
)

// What a routed payment is decided among and by.
const (
	routedGateways = 4 // the operator's account and the merchant's own
	routedRules    = 50
)

// connect gives the merchant accounts of its own beside the operator's, and rules of
// which none matches, so that each payment is decided by all of them and then by what
// the gateways have shown.
func (m *merchant) connect(ctx context.Context) error {
	order := []string{"stripe"}
	for n := 1; n < routedGateways; n++ {
		var made struct {
			ID string `json:"id"`
		}
		err := m.set(ctx, "/v3/gateway_accounts", map[string]any{
			"provider": "stripe", "credentials": map[string]any{"secret_key": fmt.Sprintf("sk_test_bench_%d", n)},
		}, &made)
		if err != nil {
			return err
		}
		order = append(order, made.ID)
	}
	var profile struct {
		ID string `json:"id"`
	}
	if err := m.set(ctx, "/v3/routing/profiles", map[string]any{"name": "Bench"}, &profile); err != nil {
		return err
	}
	rules := make([]map[string]any, 0, routedRules)
	for n := range routedRules {
		rules = append(rules, map[string]any{
			"name": fmt.Sprintf("Rule %d", n+1), "use": order[:1],
			"when": fmt.Sprintf(`currency in ["EUR", "GBP"] and amount >= %d and (brand == "amex" or bin startsWith "51%02d") or metadata["shop"] == "%d"`, 100*n, n, n),
		})
	}
	var draft struct {
		Version int `json:"version"`
	}
	path := "/v3/routing/profiles/" + profile.ID
	err := m.set(ctx, path+"/versions", map[string]any{"rules": rules, "default": map[string]any{"strategy": "success", "order": order}}, &draft)
	if err != nil {
		return err
	}
	return m.set(ctx, fmt.Sprintf("%s/versions/%d/activate", path, draft.Version), map[string]any{}, &draft)
}

// set makes a setting and reads the answer.
func (m *merchant) set(ctx context.Context, path string, body map[string]any, answer any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, m.base+path, bytes.NewReader(raw))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+m.key)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", id.NewSuffix())
	response, err := m.http.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	var refused struct {
		Error struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	if response.StatusCode != http.StatusOK {
		_ = json.NewDecoder(response.Body).Decode(&refused) // the status says enough
		return fmt.Errorf("POST %s: status %d: %s", path, response.StatusCode, refused.Error.Message)
	}
	return json.NewDecoder(response.Body).Decode(answer)
}
