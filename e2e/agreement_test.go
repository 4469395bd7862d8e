package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// requireAgreement holds every payment of a merchant against the provider's own
// record, charge by charge and refund by refund, in both directions, and the
// merchant's balances against the sum of it all.
func requireAgreement(t *testing.T, s shop) {
	t.Helper()
	charges, given := s.hub.charges(t), s.hub.givenBack(t)
	refunded := map[string]int64{}
	for _, r := range all(t, s.client, refunds, nil, func(r refund) string { return r.ID }) {
		r = s.settled(t, r.ID)
		require.Equal(t, "succeeded", r.Status)
		require.Len(t, given[r.ID], 1, r.ID)
		require.Equal(t, r.Amount, given[r.ID][0].Amount, r.ID)
		refunded[r.IntentID] += r.Amount
		delete(given, r.ID)
	}
	want := accounts{}
	for _, p := range all(t, s.client, intents, nil, func(p intent) string { return p.ID }) {
		p = s.resolved(t, p.ID)
		requireSameAsProvider(t, p, charges[p.ID])
		require.Equal(t, refunded[p.ID], p.AmountRefunded, p.ID)
		for name, sum := range sumOf(p) {
			want[name] += sum
		}
		delete(charges, p.ID)
	}
	for id, left := range charges {
		require.False(t, s.owns(left[0].Metadata), "the provider charged for %s, of which the hub knows nothing", id)
	}
	for id, left := range given {
		require.False(t, s.owns(left[0].Metadata), "the provider gave back %s, of which the hub knows nothing", id)
	}
	require.Equal(t, want.withoutZeros(), s.balances(t, "AED"))
}

// owns reports whether an object of the provider's belongs to the merchant's sandbox.
func (s shop) owns(metadata map[string]string) bool {
	return metadata["merchant_id"] == s.id && metadata["environment"] == "sandbox"
}

// requireSameAsProvider holds one payment against the charges made for it.
func requireSameAsProvider(t *testing.T, p intent, made []charge) {
	t.Helper()
	status := map[string]string{"requires_capture": "authorized", "succeeded": "captured", "canceled": "voided"}[p.Status]
	switch {
	case p.Status == "succeeded" && p.AmountRefunded == p.AmountCaptured:
		status = "refunded"
	case p.Status == "succeeded" && p.AmountRefunded > 0:
		status = "partially_refunded"
	case p.Status == "canceled" && len(made) == 0:
		return // before anything was held
	case status == "":
		require.Empty(t, made, "%s is %s", p.ID, p.Status)
		return
	}
	require.Len(t, made, 1, "%s is %s", p.ID, p.Status)
	require.Equal(t, []any{status, p.Amount, p.AmountCaptured, p.AmountRefunded},
		[]any{made[0].Status, made[0].Amount, made[0].AmountCaptured, made[0].AmountRefunded}, p.ID)
}

// sumOf is what one payment adds to its merchant's accounts.
func sumOf(p intent) accounts {
	switch p.Status {
	case "requires_capture":
		return held(p.AmountCapturable)
	case "succeeded":
		return sold(p.AmountCaptured, p.AmountRefunded)
	default:
		return nil
	}
}
