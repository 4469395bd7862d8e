package checkout

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/simulator"
)

// What was accepted is carried out by the next process, when this one dies.
func TestWhatWasAcceptedOutlivesTheProcess(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.stop()
	w.frozen = true
	w.start()
	code, made := w.post("/payments", request(visa, nil))
	require.Equal(t, http.StatusCreated, code)
	id := made["id"].(string)
	w.becomes(id, "Authorized")
	_, actions := w.get("/payments/" + id + "/actions")
	require.NotContains(t, actions["list"].([]any)[0].(object), "response_code", "it is still to be carried out")
	code, _ = w.post("/payments/"+id+"/voids", nil)
	require.Equal(t, http.StatusForbidden, code, "it is being captured")
	require.Equal(t, simulator.Authorized, w.charges()[0].Status)
	w.stop()
	w.frozen = false
	w.start()
	w.becomes(id, "Captured")
	w.hears("payment_captured", id)
}

func TestRefundsThatTakeTheirTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.pays("4000000000007726", "Captured", nil)
	for status, left := range map[string]int64{"failed": 0, "succeeded": 4000} {
		_, answer := w.post("/payments/"+id+"/refunds", object{"amount": 4000})
		refund := answer["action_id"].(string)
		w.hears("payment_refund_pending", refund)
		code, _ := w.post("/payments/"+id+"/refunds", object{"amount": 8001})
		require.Equal(t, http.StatusUnprocessableEntity, code, "what is pending is reserved")
		code, body := w.post("/_sim/refunds/"+refund, object{"status": status})
		require.Equal(t, http.StatusOK, code, body)
		w.hears(map[string]string{"failed": "payment_refund_declined", "succeeded": "payment_refunded"}[status], refund)
		code, _ = w.post("/_sim/refunds/"+refund, object{"status": status})
		require.Equal(t, http.StatusOK, code, "again changes nothing")
		if status == "failed" {
			code, _ = w.post("/_sim/refunds/"+refund, object{"status": "succeeded"})
			require.Equal(t, http.StatusConflict, code)
		} else {
			require.Equal(t, left, w.charges()[0].AmountRefunded)
		}
	}

	id = w.pays("4000000000005126", "Captured", nil)
	_, answer := w.post("/payments/"+id+"/refunds", object{"amount": 4000})
	refund := answer["action_id"].(string)
	w.hears("payment_refunded", refund)
	code, _ := w.post("/_sim/refunds/"+refund, object{"status": "failed"})
	require.Equal(t, http.StatusOK, code)
	w.hears("payment_refund_declined", refund)
	w.becomes(id, "Captured")
	require.Zero(t, w.charges()[1].AmountRefunded)
	code, _ = w.post("/_sim/refunds/act_none", object{"status": "failed"})
	require.Equal(t, http.StatusNotFound, code)
}

func TestDisputes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.pays("4000000000002685", "Captured", nil)
	var record struct{ Disputes []simulator.Dispute }
	w.witness("disputes", &record)
	require.Len(t, record.Disputes, 1, "the card's owner objects at once")
	opened := record.Disputes[0]
	require.Equal(t, id, opened.PaymentIntent)
	require.EqualValues(t, 12000, opened.Withdrawn)
	told := w.hears("dispute_evidence_required", opened.ID)
	require.Equal(t, id, told.event.Data["payment_id"])
	_, found := w.get("/disputes/" + opened.ID)
	require.Equal(t, "product_service_not_received", found["category"])
	require.Equal(t, "evidence_required", found["status"])

	for _, body := range []object{{"payment": id}, {"payment": "pay_none"}, {"payment": id, "reason": "because"}, {"payment": id, "inquiry": true}} {
		code, _ := w.post("/_sim/disputes", body)
		require.GreaterOrEqual(t, code, http.StatusBadRequest, body)
	}
	code, _ := w.post("/_sim/disputes/"+opened.ID, object{"status": "lost?"})
	require.Equal(t, http.StatusBadRequest, code)
	for _, status := range []string{"under_review", "won"} {
		code, _ = w.post("/_sim/disputes/"+opened.ID, object{"status": status})
		require.Equal(t, http.StatusOK, code)
	}
	w.hears("dispute_won", opened.ID)
	code, _ = w.post("/_sim/disputes/"+opened.ID, object{"status": "lost"})
	require.Equal(t, http.StatusConflict, code, "it is over")
	w.witness("disputes", &record)
	require.Zero(t, record.Disputes[0].Withdrawn)

	other := w.pays(visa, "Captured", nil)
	code, made := w.post("/_sim/disputes", object{"payment": other, "amount": 5000})
	require.Equal(t, http.StatusCreated, code)
	_, found = w.get("/disputes/" + made["id"].(string))
	require.Equal(t, "fraudulent", found["category"])
	require.InDelta(t, 5000, found["amount"], 0)
	code, _ = w.get("/disputes/dsp_none")
	require.Equal(t, http.StatusNotFound, code)
}

func TestAccounts(t *testing.T) {
	t.Parallel()
	require.NotEqual(t, Credentials("sandbox"), Credentials("live"))
	require.Equal(t, Credentials("sandbox"), Credentials("sandbox"))
	w := newWorld(t)
	id := w.pays(visa, "Captured", nil)
	for authorization, status := range map[string]int{
		"": http.StatusUnauthorized, "Bearer pk_public": http.StatusUnauthorized, "Bearer sk_": http.StatusUnauthorized,
		"Bearer " + Credentials("live")[credentialKey]: http.StatusNotFound,
	} {
		r, err := http.NewRequest(http.MethodGet, w.server.URL+"/payments/"+id, nil)
		require.NoError(t, err)
		r.Header.Set("Authorization", authorization)
		response, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, status, response.StatusCode, authorization)
	}
}
