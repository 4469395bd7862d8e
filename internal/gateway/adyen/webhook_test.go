package adyen_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// fields are those of a notification item that a test cares for.
type fields map[string]any

// webhook is a body of one item: an authorisation, and what change says of it.
func webhook(t *testing.T, change ...fields) []byte {
	t.Helper()
	item := fields{
		"amount": fields{"currency": "EUR", "value": 12_000}, "eventCode": "AUTHORISATION", "eventDate": "2026-11-21T10:00:00+01:00",
		"merchantAccountCode": credentials["merchant_account"], "merchantReference": "order 7", "pspReference": "QFQTPCQ8HXSKGK82",
		"reason": "", "success": "true", "paymentMethod": "visa", "additionalData": fields{},
	}
	for _, c := range change {
		for name, value := range c {
			item[name] = value
		}
	}
	body, err := json.Marshal(fields{"live": "false", "notificationItems": []any{fields{"NotificationRequestItem": item}}})
	require.NoError(t, err)
	return body
}

// signed is a body with the signature that Adyen makes of it: the fields are joined as
// its documentation says, not as the adapter's library does.
func signed(t *testing.T, body []byte, key string) []byte {
	t.Helper()
	var w struct {
		Live  string `json:"live"`
		Items []struct {
			Item map[string]any `json:"NotificationRequestItem"`
		} `json:"notificationItems"`
	}
	require.NoError(t, json.Unmarshal(body, &w))
	secret, err := hex.DecodeString(key)
	require.NoError(t, err)
	for _, i := range w.Items {
		text := func(name string) any {
			if i.Item[name] == nil {
				return ""
			}
			return i.Item[name]
		}
		amount := i.Item["amount"].(map[string]any)
		mac := hmac.New(sha256.New, secret)
		fmt.Fprintf(mac, "%s:%s:%s:%s:%.0f:%s:%s:%s", text("pspReference"), text("originalReference"), text("merchantAccountCode"),
			text("merchantReference"), amount["value"], amount["currency"], text("eventCode"), text("success"))
		more, _ := i.Item["additionalData"].(map[string]any)
		if more == nil {
			more = map[string]any{}
		}
		more["hmacSignature"] = base64.StdEncoding.EncodeToString(mac.Sum(nil))
		i.Item["additionalData"] = more
	}
	body, err = json.Marshal(w)
	require.NoError(t, err)
	return body
}
