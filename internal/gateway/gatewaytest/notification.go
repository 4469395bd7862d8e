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
	{"a capture in part is told, and settles it", holds, captureTold},
	{"a sale is told, and settles it", always, saleTold},
	{"a void is told, and settles it", holds, voidTold},
	{"a refusal is told, and settles it", byCard, refusalTold},
	{"a challenge is told, passed or failed", always, challengeTold},
	{"a refund is told, and settles it", always, refundTold},
	{"amounts keep their value in every currency", always, amountsTold},
	{"only what the provider signed is believed", always, forgeries},
	{"another transaction's webhook settles nothing", always, foreignWebhook},
	{"what is no webhook settles nothing", always, noWebhook},
}

func captureTold(b *bench) {
	c, held := b.held()
	authorized := b.hearsOf(c, held, payment.NoticeAuthorized)
	require.Zero(b, authorized.Captured)
	part := b.part(7_000)
	capture, authorization := next(c, payment.Capture, part, held), gateway.Lookup{Call: c, Kind: payment.Authorization}
	capturing := gateway.Lookup{Call: capture, Kind: payment.Capture}
	b.settles(authorized, authorization)
	b.is(payment.OutcomeUnknown, b.gateway.Conclude(authorized.Body, capturing))

	b.succeeded(b.capture(capture), part)
	captured := b.hearsOf(b.toldOf(c, capture), held, payment.NoticeCaptured)
	require.Equal(b, part, captured.Captured)
	b.settles(captured, capturing)
	if remembers(b.Harness) == "" {
		b.settles(captured, authorization)
		b.settles(captured, gateway.Lookup{Call: next(c, payment.Void, b.price.Minor, held), Kind: payment.Void})
	}
	b.contradictsNothing(authorization, capturing)
}

func saleTold(b *bench) {
	c, sold := b.sold()
	n := b.hearsOf(c, sold, payment.NoticeCaptured)
	require.Equal(b, b.price.Minor, n.Captured)
	sale := gateway.Lookup{Call: c, Kind: payment.Sale}
	b.settles(n, sale)
	b.contradictsNothing(sale)
}

func voidTold(b *bench) {
	c, held := b.held()
	void := next(c, payment.Void, b.price.Minor, held)
	b.succeeded(b.void(void), b.price.Minor)
	n := b.hearsOf(b.toldOf(c, void), held, payment.NoticeReleased)
	require.Zero(b, n.Captured)
	voiding, capturing := gateway.Lookup{Call: void, Kind: payment.Void}, gateway.Lookup{Call: next(c, payment.Capture, 1, held), Kind: payment.Capture}
	b.settles(n, voiding)
	if remembers(b.Harness) == "" {
		b.settles(n, capturing)
	}
	b.contradictsNothing(voiding, capturing)
}

func refusalTold(b *bench) {
	for _, want := range b.Declines {
		c := b.newCall(b.price)
		o := b.pay(&c, want.Card, true)
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
		if b.Hints.TellsOpen {
			b.is(payment.OutcomeUnknown, b.gateway.Conclude(b.hearsOf(c, o, payment.NoticeOpen).Body, sale))
		}
		b.returns(&c, o, pass)
		found := b.lookup(c, payment.Sale)
		b.is(map[bool]payment.OutcomeClass{true: payment.OutcomeSucceeded, false: payment.OutcomeDeclined}[pass], found)
		c.GatewayReference = found.GatewayReference
		sale.Call = c
		if pass || !b.Hints.RefusalUntold {
			b.settles(b.hearsOf(c, found, end), sale)
		}
		b.contradictsNothing(sale)
	}
}

// toldOf is the transaction that a webhook of a movement on the payment of c names.
func (b *bench) toldOf(c, movement gateway.Call) gateway.Call {
	if b.Hints.TellsMovements {
		return movement
	}
	return c
}

func refundTold(b *bench) {
	c, sold := b.sold()
	r := refundOf(next(c, payment.RefundOfSale, 5_000, sold))
	b.succeeded(b.refund(r.Call), 5_000)
	n := b.hearsOfRefund(r, payment.NoticeRefunded)
	refunding := gateway.Lookup{Call: r.Call, Kind: payment.RefundOfSale, RefundID: r.RefundID}
	b.settles(n, refunding)
	b.contradictsNothing(refunding, gateway.Lookup{Call: c, Kind: payment.Sale})
}

func amountsTold(b *bench) {
	for _, amount := range b.Amounts {
		c := b.newCall(amount.Ours)
		sold := b.pay(&c, b.Approve, true)
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
	refuse(b.gateway, genuine.Header, nil, signed, "no body")
	refuse(b.gateway, genuine.Header, genuine.Body[:len(genuine.Body)-1], signed, "a shorter body")
	if !b.Hints.SignsFields {
		refuse(b.gateway, http.Header{}, genuine.Body, signed, "not signed")
		refuse(b.gateway, genuine.Header, append(bytes.Clone(genuine.Body), ' '), signed, "a longer body")
	}
	for _, amount := range [][2]string{{"12000", "12001"}, {"120.00", "120.01"}} {
		if changed := bytes.ReplaceAll(genuine.Body, []byte(amount[0]), []byte(amount[1])); !bytes.Equal(changed, genuine.Body) {
			refuse(b.gateway, genuine.Header, changed, signed, "another amount")
		}
	}
	for at := 0; at < len(genuine.Body); at += 1 + len(genuine.Body)/50 {
		changed := bytes.Clone(genuine.Body)
		changed[at] ^= 1
		if b.Hints.SignsFields {
			b.readsTheSame(genuine, changed)
			continue
		}
		refuse(b.gateway, genuine.Header, changed, signed, "a changed bit")
	}
	if limit := b.Hints.SignatureAge; limit > 0 {
		refuse(b.gateway, genuine.Header, genuine.Body, signed.Add(limit+time.Minute), "too old")
		refuse(b.gateway, genuine.Header, genuine.Body, signed.Add(-limit-time.Minute), "from the future")
	}
	again, err := b.gateway.ReadNotification(genuine.Header, genuine.Body, signed)
	require.NoError(b, err)
	require.Equal(b, genuine.Notice, again, "the same event reads the same twice")
}

// readsTheSame: a webhook that was changed where nothing is signed is refused, or
// says what it said before, except when it happened.
func (b *bench) readsTheSame(genuine told, changed []byte) {
	b.Helper()
	n, err := b.gateway.ReadNotification(genuine.Header, changed, genuine.ReceivedAt)
	if err != nil {
		require.True(b, fault.Is(err, fault.Unauthenticated) || fault.Is(err, fault.Invalid), "%v", err)
		return
	}
	n.At = genuine.At
	require.Equal(b, genuine.Notice, n, "%s", changed)
}

func foreignWebhook(b *bench) {
	c, sold := b.sold()
	n := b.hearsOf(c, sold, payment.NoticeCaptured)
	c.GatewayReference = ""

	// Another payment, another attempt of the same one, and another reference.
	stranger, other, elsewhere := b.newCall(b.price), c, c
	other.TransactionID = id.New(id.Transaction)
	elsewhere.GatewayReference = sold.GatewayReference + "x"
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
		for _, m := range b.moves() {
			b.is(payment.OutcomeUnknown, b.gateway.Conclude([]byte(body), gateway.Lookup{Call: c, Kind: m.kind}))
		}
	}
}
