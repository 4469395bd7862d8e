package mollie

import (
	"net/http"

	"paymenthub/internal/simulator/chassis"
)

// profileOf is Mollie's id of the profile that is an account of the simulator's.
func profileOf(account string) string {
	return "pfl_" + chassis.Derive(chassis.Base62, 10, "mollie", "profile", account)
}

// currentProfile is GET /v2/profiles/me: it tells which profile the key is of.
func currentProfile(_ chassis.Reader, r *chassis.Request) (chassis.Answer, error) {
	return answer(http.StatusOK, map[string]any{
		"resource": "profile", "id": profileOf(r.Account), "mode": modeOf(r), "name": "Simulated shop", "website": "https://shop.example",
		"status": "verified", "_links": map[string]link{"self": {r.BaseURL + "/v2/profiles/me", hal}},
	}), nil
}
