package gatewaytest

import (
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
)

var disputeCases = []testCase{
	{"a dispute is told and read, and won", disputes, func(b *bench) { disputeDecided(b, payment.DisputeWon) }},
	{"a dispute is told and read, and lost", disputes, func(b *bench) { disputeDecided(b, payment.DisputeLost) }},
	{"an inquiry takes nothing", inquires, inquiryClosed},
	{"a dispute that cannot be read is an error", disputes, disputeUnread},
}

// disputed makes the cardholder object to a new sale.
func (b *bench) disputed(inquiry bool) (reference string) {
	b.Helper()
	_, sold := b.sold()
	reference = b.OpenDispute(b.T, sold, inquiry)
	n := b.hears("dispute", func(n payment.Notice) bool {
		return n.Subject == payment.NoticeOfDispute && n.DisputeReference == reference
	})
	require.Equal(b, sold.GatewayReference, n.GatewayReference)
	require.Equal(b, b.price, n.Amount)
	return reference
}

// report reads a dispute and checks what holds at every stage.
func (b *bench) report(reference string, status payment.DisputeStatus) payment.DisputeReport {
	b.Helper()
	r, err := b.gateway.Dispute(b.Context(), gateway.DisputeLookup{Reference: reference})
	require.NoError(b, err)
	require.Equal(b, status, r.Status)
	require.Equal(b, reference, r.Reference)
	require.Equal(b, b.price, r.Amount)
	require.Regexp(b, `^[a-z_]{1,64}$`, r.Reason)
	require.WithinDuration(b, time.Now(), r.OpenedAt, time.Minute)
	if r.Fee != nil {
		require.Positive(b, r.Fee.Minor)
	}
	return r
}

func disputeDecided(b *bench, end payment.DisputeStatus) {
	reference := b.disputed(false)
	opened := b.report(reference, payment.DisputeNeedsResponse)
	require.True(b, opened.Withdrawn)
	require.False(b, opened.Reinstated)
	require.True(b, opened.RespondBy.After(time.Now()), "%s", opened.RespondBy)

	b.MoveDispute(b.T, reference, payment.DisputeUnderReview)
	reviewed := b.report(reference, payment.DisputeUnderReview)
	require.True(b, reviewed.Withdrawn)
	require.False(b, reviewed.Reinstated)

	b.MoveDispute(b.T, reference, end)
	decided := b.report(reference, end)
	require.True(b, decided.Withdrawn)
	require.Equal(b, end == payment.DisputeWon, decided.Reinstated)
}

func inquiryClosed(b *bench) {
	reference := b.disputed(true)
	for _, stage := range []payment.DisputeStatus{payment.DisputeInquiry, payment.DisputeInquiryClosed} {
		if stage != payment.DisputeInquiry {
			b.MoveDispute(b.T, reference, stage)
		}
		r := b.report(reference, stage)
		require.False(b, r.Withdrawn)
		require.False(b, r.Reinstated)
		require.Nil(b, r.Fee)
	}
}

func disputeUnread(b *bench) {
	reference := b.disputed(false)
	for _, none := range []string{"", reference + "x", "../" + reference} {
		_, err := b.gateway.Dispute(b.Context(), gateway.DisputeLookup{Reference: none})
		require.Error(b, err, "%q", none)
	}
	_, err := b.Unreachable.Dispute(b.Context(), gateway.DisputeLookup{Reference: reference})
	require.Error(b, err)
}
