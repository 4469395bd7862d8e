package gatewaytest

import (
	"bytes"
	"net/http"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/fault"
	"paymenthub/internal/gateway"
	"paymenthub/internal/id"
	"paymenthub/internal/payment"
)

var notificationCases = []testCase{
	{"a capture in part is told, and settles it", captureTold},
	{"a sale is told, and settles it", saleTold},
	{"a void is told, and settles it", voidTold},
	{"a refusal is told, and settles it", refusalTold},
	{"a challenge is told, passed or failed", challengeTold},
	{"a refund is told, and settles it", refundTold},
	{"amounts keep their value in every currency", amountsTold},
	{"only what the provider signed is believed", forgeries},
	{"another transaction's webhook settles nothing", foreignWebhook},
	{"what is no webhook settles nothing", noWebhook},
}

func captureTold(b *bench) {
	c, held := b.held()
	authorized := b.hearsOf(c, held, payment.NoticeAuthorized)
	require.Zero(b, authorized.Captured)
	capture, authorization := next(c, payment.Capture, 7_000, held), gateway.Lookup{Call: c, Kind: payment.Authorization}
	capturing := gateway.Lookup{Call: capture, Kind: payment.Capture}
	b.settles(authorized, authorization)
	b.is(payment.OutcomeUnknown, b.gateway.Conclude(authorized.Body, capturing))

	b.succeeded(b.gateway.Capture(b.Context(), capture), 7_000)
	captured := b.hearsOf(c, held, payment.NoticeCaptured)
	require.EqualValues(b, 7_000, captured.Captured)
	b.settles(captured, capturing)
	b.settles(captured, authorization)
	b.settles(captured, gateway.Lookup{Call: next(c, payment.Void, price.Minor, held), Kind: payment.Void})
	b.contradictsNothing(authorization, capturing)
}

func saleTold(b *bench) {
	c, sold := b.sold()
	n := b.hearsOf(c, sold, payment.NoticeCaptured)
	require.Equal(b, price.Minor, n.Captured)
	sale := gateway.Lookup{Call: c, Kind: payment.Sale}
	b.settles(n, sale)
	b.contradictsNothing(sale)
}

func voidTold(b *bench) {
	c, held := b.held()
	void := next(c, payment.Void, price.Minor, held)
	b.succeeded(b.gateway.Void(b.Context(), void), price.Minor)
	n := b.hearsOf(c, held, payment.NoticeReleased)
	require.Zero(b, n.Captured)
	voiding, capturing := gateway.Lookup{Call: void, Kind: payment.Void}, gateway.Lookup{Call: next(c, payment.Capture, 1, held), Kind: payment.Capture}
	b.settles(n, voiding)
	b.settles(n, capturing)
	b.contradictsNothing(voiding, capturing)
}

func refusalTold(b *bench) {
	for _, want := range b.Declines {
		c := b.newCall(price)
		o := b.authorize(c, want.Card, true)
		b.declined(o, want.Code)
		n := b.hearsOf(c, o, payment.NoticeDeclined)
		sale := gateway.Lookup{Call: c, Kind: payment.Sale}
		b.settles(n, sale)
		b.contradictsNothing(sale)
	}
}

func challengeTold(b *bench) {
	for pass, end := range map[bool]payment.NoticeState{true: payment.NoticeCaptured, false: payment.NoticeDeclined} {
		c, o := b.challenged(true)
		sale := gateway.Lookup{Call: c, Kind: payment.Sale}
		b.is(payment.OutcomeUnknown, b.gateway.Conclude(b.hearsOf(c, o, payment.NoticeOpen).Body, sale))
		b.Authenticate(b.T, o, pass)
		b.settles(b.hearsOf(c, o, end), sale)
		b.contradictsNothing(sale)
	}
}

func refundTold(b *bench) {
	c, sold := b.sold()
	r := b.refundOf(next(c, payment.RefundOfSale, 5_000, sold))
	b.succeeded(b.gateway.Refund(b.Context(), r), 5_000)
	n := b.hearsOfRefund(r, payment.NoticeRefunded)
	refunding := gateway.Lookup{Call: r.Call, Kind: payment.RefundOfSale, RefundID: r.RefundID}
	b.settles(n, refunding)
	b.contradictsNothing(refunding, gateway.Lookup{Call: c, Kind: payment.Sale})
}

func amountsTold(b *bench) {
	for _, amount := range b.Amounts {
		c := b.newCall(amount.Ours)
		sold := b.authorize(c, b.Approve, true)
		b.succeeded(sold, amount.Ours.Minor)
		n := b.hearsOf(c, sold, payment.NoticeCaptured)
		require.Equal(b, amount.Ours.Minor, n.Captured, "%s", amount.Ours)
		b.settles(n, gateway.Lookup{Call: c, Kind: payment.Sale})
	}
}

func forgeries(b *bench) {
	c, sold := b.sold()
	genuine := b.hearsOf(c, sold, payment.NoticeCaptured)
	refuse := func(g gateway.Gateway, header http.Header, body []byte, now time.Time, why string) {
		b.Helper()
		n, err := g.ReadNotification(header, body, now)
		require.Error(b, err, why)
		require.True(b, fault.Is(err, fault.Unauthenticated), "%s: %v", why, err)
		require.Zero(b, n, why)
		require.NotContains(b, err.Error(), c.PaymentID, "%s: the refusal quotes the body", why)
	}
	signed := genuine.ReceivedAt
	refuse(b.Stranger, genuine.Header, genuine.Body, signed, "signed for another account")
	refuse(b.gateway, http.Header{}, genuine.Body, signed, "not signed")
	refuse(b.gateway, genuine.Header, nil, signed, "no body")
	refuse(b.gateway, genuine.Header, append(bytes.Clone(genuine.Body), ' '), signed, "a longer body")
	refuse(b.gateway, genuine.Header, genuine.Body[:len(genuine.Body)-1], signed, "a shorter body")
	refuse(b.gateway, genuine.Header, bytes.ReplaceAll(genuine.Body, []byte("12000"), []byte("12001")), signed, "another amount")
	for at := 0; at < len(genuine.Body); at += 1 + len(genuine.Body)/50 {
		changed := bytes.Clone(genuine.Body)
		changed[at] ^= 1
		refuse(b.gateway, genuine.Header, changed, signed, "a changed bit")
	}
	if limit := b.SignatureAge; limit > 0 {
		refuse(b.gateway, genuine.Header, genuine.Body, signed.Add(limit+time.Minute), "too old")
		refuse(b.gateway, genuine.Header, genuine.Body, signed.Add(-limit-time.Minute), "from the future")
	}
	again, err := b.gateway.ReadNotification(genuine.Header, genuine.Body, signed)
	require.NoError(b, err)
	require.Equal(b, genuine.Notice, again, "the same event reads the same twice")
}

func foreignWebhook(b *bench) {
	c, held := b.held()
	b.succeeded(b.gateway.Capture(b.Context(), next(c, payment.Capture, price.Minor, held)), price.Minor)
	n := b.hearsOf(c, held, payment.NoticeCaptured)

	// Another payment, another attempt of the same one, and another reference.
	stranger, other, elsewhere := b.newCall(price), c, c
	other.TransactionID = id.New(id.Transaction)
	elsewhere.GatewayReference = held.GatewayReference + "x"
	for _, kind := range []payment.TransactionKind{payment.Authorization, payment.Sale} {
		for _, call := range []gateway.Call{stranger, other, elsewhere} {
			b.is(payment.OutcomeUnknown, b.gateway.Conclude(n.Body, gateway.Lookup{Call: call, Kind: kind}))
		}
	}
	for _, kind := range []payment.TransactionKind{payment.Capture, payment.Void, payment.RefundOfSale} {
		for _, call := range []gateway.Call{stranger, c, elsewhere} {
			b.is(payment.OutcomeUnknown, b.gateway.Conclude(n.Body, gateway.Lookup{Call: call, Kind: kind}))
		}
	}
}

func noWebhook(b *bench) {
	c, _ := b.sold()
	for _, body := range []string{"", "{}", "null", "[]", `"event"`, `{"id":"evt_1","object":"event"}`, "\x00\xff"} {
		for _, m := range movements {
			b.is(payment.OutcomeUnknown, b.gateway.Conclude([]byte(body), gateway.Lookup{Call: c, Kind: m.kind}))
		}
	}
}
