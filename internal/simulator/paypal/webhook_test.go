package paypal

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/simulator"
)

// certificateAt reads the certificate that a webhook names.
func (d *desk) certificateAt(address string) *x509.Certificate {
	d.t.Helper()
	u, err := url.Parse(address)
	require.NoError(d.t, err)
	response, err := http.Get(d.url + u.Path)
	require.NoError(d.t, err)
	defer response.Body.Close()
	require.Equal(d.t, http.StatusOK, response.StatusCode)
	file, err := io.ReadAll(response.Body)
	require.NoError(d.t, err)
	block, rest := pem.Decode(file)
	require.NotNil(d.t, block)
	require.Empty(d.t, rest, "and nothing of its key")
	certificate, err := x509.ParseCertificate(block.Bytes)
	require.NoError(d.t, err)
	return certificate
}

// signed checks a webhook as PayPal's reference says.
func (d *desk) signed(header http.Header, body []byte) error {
	d.t.Helper()
	digest := sha256.Sum256(fmt.Appendf(nil, "%s|%s|%s|%d", header.Get("PAYPAL-TRANSMISSION-ID"), header.Get("PAYPAL-TRANSMISSION-TIME"),
		Credentials("sandbox")[credentialWebhook], crc32.ChecksumIEEE(body)))
	signature, err := base64.StdEncoding.DecodeString(header.Get("PAYPAL-TRANSMISSION-SIG"))
	require.NoError(d.t, err)
	key := d.certificateAt(header.Get("PAYPAL-CERT-URL")).PublicKey.(*rsa.PublicKey)
	return rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature)
}

func TestWebhooksAreSignedAndTellWhatIsNow(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	order, capture := d.sold("k1")
	header, body, event := d.hears("CHECKOUT.ORDER.APPROVED")
	require.NoError(t, d.signed(header, body))
	require.Error(t, d.signed(header, append(body, ' ')))
	require.Equal(t, order, event["resource"].(map[string]any)["id"])
	header, body, event = d.hears("PAYMENT.CAPTURE.COMPLETED")
	require.NoError(t, d.signed(header, body))
	resource := event["resource"].(map[string]any)
	require.Equal(t, []any{capture, custom, "txn_3", statusCompleted}, []any{resource["id"], resource["custom_id"], resource["invoice_id"], resource["status"]})

	_, hold := d.held("k2")
	_, _, event = d.hears("PAYMENT.AUTHORIZATION.CREATED")
	require.Equal(t, hold, event["resource"].(map[string]any)["id"])
	d.must(http.MethodPost, "/v2/payments/authorizations/"+hold+"/void", "k3", object{})
	d.hears("PAYMENT.AUTHORIZATION.VOIDED")
	d.must(http.MethodPost, "/v2/payments/captures/"+capture+"/refund", "k4", nil)
	_, _, event = d.hears("PAYMENT.CAPTURE.REFUNDED")
	require.Equal(t, custom, event["resource"].(map[string]any)["custom_id"], "of its capture, when it has none")
}

// What is written down outlives the process: orders, request ids, tokens, the
// certificate, and the webhooks that were not delivered.
func TestARestartLosesNothing(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	order, capture := d.sold("k1")
	header, _, _ := d.hears("PAYMENT.CAPTURE.COMPLETED")
	before := d.certificateAt(header.Get("PAYPAL-CERT-URL"))
	waiting := d.order(intentCapture, "k2")
	d.close()
	d.open()
	require.True(t, before.Equal(d.certificateAt(header.Get("PAYPAL-CERT-URL"))))
	require.Equal(t, orderCompleted, d.must(http.MethodGet, "/v2/checkout/orders/"+order, "", nil)["status"])
	again := d.must(http.MethodPost, "/v2/checkout/orders/"+order+"/capture", "k1-capture", object{})
	require.Equal(t, capture, moved(t, again, "captures")["id"])
	require.Equal(t, waiting, d.order(intentCapture, "k2"))
	d.answer(waiting, "approve")
	d.must(http.MethodPost, "/v2/checkout/orders/"+waiting+"/capture", "k3", object{})
	require.Len(t, d.witness().Charges, 2)
}

func TestHowAnOrderEndsCanBeAskedFor(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	order := d.order(intentCapture, "k1")
	d.answer(order, "approve")
	d.must(http.MethodPost, "/_sim/orders/"+order, "", object{"completion": "INSTRUMENT_DECLINED"})
	path := "/v2/checkout/orders/" + order + "/capture"
	require.Equal(t, "INSTRUMENT_DECLINED", d.refused(http.StatusUnprocessableEntity, http.MethodPost, path, "k2", object{}))
	require.Equal(t, orderApproved, d.must(http.MethodGet, "/v2/checkout/orders/"+order, "", nil)["status"])
	d.must(http.MethodPost, "/_sim/orders/"+order, "", object{"completion": "PENDING"})
	capture := moved(t, d.must(http.MethodPost, path, "k2", object{}), "captures")
	require.Equal(t, statusPending, capture["status"])
	require.Empty(t, d.witness().Charges, "nothing is taken yet")
	d.hears("PAYMENT.CAPTURE.PENDING")
	d.settles()
	d.hears("PAYMENT.CAPTURE.COMPLETED")
	require.Equal(t, simulator.Captured, d.witness().Charges[0].Status)
	for _, c := range []struct {
		path   string
		body   object
		status int
	}{{"/_sim/orders/NONE", object{"completion": "PENDING"}, 404}, {"/_sim/orders/" + order, object{"completion": "a b"}, 400}, {"/_sim/orders/" + order, object{"x": 1}, 400}} {
		status, _ := d.call(http.MethodPost, c.path, "", c.body)
		require.Equal(t, c.status, status)
	}
}

func TestDisputes(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	order, capture := d.sold("k1")
	id := d.must(http.MethodPost, "/_sim/disputes", "", object{"payment": order})["id"].(string)
	_, _, event := d.hears("CUSTOMER.DISPUTE.CREATED")
	transaction := event["resource"].(map[string]any)["disputed_transactions"].([]any)[0].(map[string]any)
	require.Equal(t, []any{capture, custom}, []any{transaction["seller_transaction_id"], transaction["custom"]})
	found := d.must(http.MethodGet, "/v1/customer/disputes/"+id, "", nil)
	require.Equal(t, []any{"WAITING_FOR_SELLER_RESPONSE", "CHARGEBACK"}, []any{found["status"], found["dispute_life_cycle_stage"]})
	require.Len(t, found["fund_movements"], 2)
	require.EqualValues(t, 12_000, d.witness().Disputes[0].Withdrawn)
	d.must(http.MethodPost, "/_sim/disputes/"+id, "", object{"status": "won"})
	d.hears("CUSTOMER.DISPUTE.RESOLVED")
	require.Len(t, d.must(http.MethodGet, "/v1/customer/disputes/"+id, "", nil)["fund_movements"], 3)
	require.Zero(t, d.witness().Disputes[0].Withdrawn)
	status, _ := d.call(http.MethodPost, "/_sim/disputes/"+id, "", object{"status": "lost"})
	require.Equal(t, http.StatusConflict, status, "it is decided")

	order, _ = d.sold("k2")
	id = d.must(http.MethodPost, "/_sim/disputes", "", object{"payment": order, "inquiry": true, "amount": 500})["id"].(string)
	found = d.must(http.MethodGet, "/v1/customer/disputes/"+id, "", nil)
	require.Equal(t, "INQUIRY", found["dispute_life_cycle_stage"])
	require.NotContains(t, found, "fund_movements")
	status, _ = d.call(http.MethodPost, "/_sim/disputes/"+id, "", object{"status": "won"})
	require.Equal(t, http.StatusBadRequest, status, "an inquiry is not won")
	d.must(http.MethodPost, "/_sim/disputes/"+id, "", object{"status": "needs_response"})
	require.EqualValues(t, 500, d.witness().Disputes[1].Withdrawn, "it became a claim")
}

func TestFaultsHitTheirOperation(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	order := d.order(intentCapture, "k1")
	d.answer(order, "approve")
	path := "/v2/checkout/orders/" + order + "/capture"
	for fault, want := range map[simulator.Kind]int{simulator.HTTP500: 500, simulator.HTTP429: 429} {
		d.must(http.MethodPost, "/_sim/faults", "", object{"operation": opComplete, "fault": fault})
		status, answer := d.call(http.MethodPost, path, "k2", object{})
		require.Equal(t, want, status)
		require.NotEmpty(t, answer["name"])
	}
	require.Empty(t, d.witness().Charges)
	d.must(http.MethodPost, path, "k2", object{})
	status, answer := d.call(http.MethodPost, "/_sim/faults", "", object{"operation": "nothing", "fault": "http_500"})
	require.Equal(t, http.StatusBadRequest, status, "%v", answer)
}
