package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// secretPlastic is the card as the acquiring façade takes it.
func secretPlastic(number string) object {
	return object{"number": number, "exp_month": 11, "exp_year": 2041, "cvv": secretCVC, "holder_name": secretHolder}
}

// acquireWithSecrets sends the card through the acquiring façade, from the merchant's
// server and from the shopper's browser.
func acquireWithSecrets(t *testing.T, h *hub, g gossip) {
	t.Helper()
	taken, declined := object{"card": secretPlastic(secretNumber)}, object{"card": secretPlastic(noFunds)}
	post := func(path string, body any, headers ...header) answer {
		return g.call(t, http.MethodPost, path, body, headers...)
	}
	for range 2 { // the second is a replay
		require.Equal(t, "captured", post(acquiring+"/sale", purchase("", taken), idempotent("sold")).payment(t, http.StatusCreated).Status)
	}
	post(acquiring+"/sale", purchase("", taken, object{"amount": 1}), idempotent("sold")).refused(t, http.StatusConflict, "IDEMPOTENCY_MISMATCH")
	for range 2 {
		post(acquiring+"/sale", purchase("", declined), idempotent("not sold")).refused(t, http.StatusPaymentRequired, "CARD_DECLINED")
	}
	h.fault(t, "create_payment_intent", "reset_after")
	lost := post(acquiring+"/authorize", purchase("", taken)).payment(t, http.StatusCreated)
	require.Equal(t, "processing", lost.Status)

	browser := gossip{client{api: h.API}, g.told}
	p := data[hosted](t, post(hostedIntents, hostedOrder()), http.StatusCreated)
	confirm := func(secret string, body any) answer {
		return browser.call(t, http.MethodPost, publicIntents+"/"+p.ID+"/confirm?client_secret="+secret, body)
	}
	refused := []int{http.StatusBadRequest, http.StatusRequestEntityTooLarge}
	for name, body := range faultyPlastics() {
		for _, a := range []answer{post(acquiring+"/sale", body), confirm(p.ClientSecret, body)} {
			require.Contains(t, refused, a.status, "%s: %s", name, a.raw)
		}
	}
	confirm(secretNumber, taken).refused(t, http.StatusUnauthorized, "INVALID_CLIENT_SECRET")
	confirm(p.ClientSecret, declined).refused(t, http.StatusPaymentRequired, "CARD_DECLINED")
	require.Equal(t, "captured", data[shown](t, confirm(p.ClientSecret, taken), http.StatusOK).Status)
	confirm(p.ClientSecret, taken).refused(t, http.StatusConflict, "INVALID_STATE")
	for _, path := range []string{
		"/checkout/" + secretNumber, "/checkout/" + p.ID + "?client_secret=" + secretNumber,
		acquiring + "/" + secretNumber, publicIntents + "/" + secretNumber, movements + "/" + secretNumber,
	} {
		require.Equal(t, http.StatusNotFound, g.call(t, http.MethodGet, path, nil).status, path)
	}
	for _, path := range []string{"/checkout/" + secretNumber + "/logo", "/checkout/assets/" + secretNumber, "/docs/assets/" + secretNumber} {
		_, g.told["file"+path] = h.file(t, path)
	}
	browser.call(t, http.MethodGet, movements, nil, header{"X-API-Key", secretNumber}).refused(t, http.StatusUnauthorized, "UNAUTHORIZED")
	post(acquiring+"/"+lost.ID+"/void", object{"reason": secretNumber}).refused(t, http.StatusBadRequest, "VALIDATION_ERROR")
	require.Equal(t, "requires_capture", g.resolved(t, lost.ID).Status)
}

// faultyPlastics are bodies with the card that neither a sale nor a confirmation takes.
func faultyPlastics() map[string]any {
	faulty := map[string]any{
		"cut off":   `{"amount":1,"card":{"number":"` + secretNumber + `","cvv":"` + secretCVC,
		"twice":     `{"card":{"number":"` + secretNumber + `","number":"` + secretNumber + `"}}`,
		"bare":      secretNumber,
		"too large": `{"description":"` + strings.Repeat(secretNumber+" ", 70_000) + `"}`,
		"no object": purchase("", object{"card": secretNumber}),
		"e-mail":    purchase("", object{"card": secretPlastic(secretNumber), "customer_email": secretNumber, "customer": object{"email": secretNumber}}),
	}
	for field, values := range map[string][]any{
		"number":     {4929617382059435, secretNumber[:15] + "6", secretNumber + "x", secretNumber + secretNumber},
		"cvv":        {secretCVC + "6", 987, nil, []string{secretCVC}},
		"cvc":        {secretCVC},
		"exp_month":  {13, secretNumber},
		"exp_year":   {2001},
		"pan":        {secretNumber},
		secretNumber: {1},
	} {
		for _, v := range values {
			card := secretPlastic(secretNumber)
			card[field] = v
			faulty[fmt.Sprint(field, " ", v)] = purchase("", object{"card": card})
		}
	}
	return faulty
}
