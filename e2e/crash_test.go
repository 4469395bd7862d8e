package e2e

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	crashes      = 3
	betweenKills = 1500 * time.Millisecond
	loadClients  = 8
	// retryLimit bounds how long a client sends a request again until it is
	// answered: starts of the hub, and the 15 s for which a request that was
	// under way keeps its Idempotency-Key.
	retryLimit = 3 * time.Minute
)

func TestKilledHubKeepsItsPromises(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	t.Parallel()
	for _, d := range dialects(t) {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			h := idleHub(t, d, "PAYMENTHUB_LOG_LEVEL=debug")
			require.NoError(t, h.start())
			s := newShop(t, h)
			l := &load{shop: s, stop: make(chan struct{})}
			var clients sync.WaitGroup
			for i := range loadClients {
				clients.Go(func() { l.run(t, i) })
			}
			for range crashes {
				time.Sleep(betweenKills)
				h.process.kill()
				require.NoError(t, h.start())
			}
			time.Sleep(betweenKills)
			close(l.stop)
			clients.Wait()
			if t.Failed() {
				return
			}
			t.Logf("%d payments over %d crashes, %d requests sent again", len(l.promises), crashes, l.resent)
			l.requireKept(t)
			requireAgreement(t, s)
			h.verify(t)
		})
	}
}

// Ports below those that the kernel gives to connections, that embedded Temporals choose
// from, and that package pgtest does.
const (
	firstQuiet = 12_000
	lastQuiet  = 15_999
)

var (
	quietMu sync.Mutex
	drawn   = map[int]bool{} // drawn by a test of this run
)

// quietAddress is a free port that nothing else takes, neither before what the test
// starts there listens nor while it is down.
func quietAddress(t testing.TB) string {
	t.Helper()
	quietMu.Lock()
	defer quietMu.Unlock()
	for range 1000 {
		port := firstQuiet + rand.IntN(lastQuiet-firstQuiet+1)
		if drawn[port] {
			continue
		}
		addr := fmt.Sprintf("127.0.0.1:%d", port)
		if l, err := net.Listen("tcp", addr); err == nil {
			require.NoError(t, l.Close())
			drawn[port] = true
			return addr
		}
	}
	t.Fatal("no free port")
	return ""
}

// verify lets the hub's own auditor look at its books.
func (h *hub) verify(t testing.TB) {
	t.Helper()
	stdout, stderr, exit := command(t, nil, append([]string{"verify"}, h.state()...)...)
	require.Zero(t, exit, "%s%s", stdout, stderr)
}

// promise is what a client was told last about a payment of its.
type promise struct {
	id       string
	status   string // what the payment must end in
	captured int64
	refundID string // "" when none was asked for
}

// load is clients that pay without a pause and never give a request up: what is
// not answered is sent again under the same Idempotency-Key.
type load struct {
	shop
	stop chan struct{}

	mu       sync.Mutex
	promises []promise
	resent   int
}

// run makes one payment after the other, each another way.
func (l *load) run(t *testing.T, clientNumber int) {
	for n := 0; ; n++ {
		select {
		case <-l.stop:
			return
		default:
		}
		key := fmt.Sprintf("client %d payment %d ", clientNumber, n)
		p, ok := l.story(t, key, (clientNumber+n)%6, int64(1000+10*n+clientNumber))
		if !ok {
			return
		}
		l.mu.Lock()
		l.promises = append(l.promises, p)
		l.mu.Unlock()
	}
}

// story is the life of one payment, from the client's side.
func (l *load) story(t *testing.T, key string, kind int, amount int64) (promise, bool) {
	fields, want, captured := object{"amount": amount}, "succeeded", amount
	switch kind {
	case 0, 1: // in one call; refunded in part below
		fields = order(fields, paidWith(visa))
	case 2:
		fields, want, captured = order(fields, paidWith(noFunds)), "requires_payment_method", 0
	case 3, 4: // captured in part, or canceled
		fields = order(fields, paidWith(visa), object{"capture_method": "manual"})
	case 5: // confirmed later
		fields = order(fields)
	}
	p, ok := l.persist(t, intents, fields, key+"create")
	if !ok {
		return promise{}, false
	}
	path := intents + "/" + p.ID
	switch kind {
	case 3:
		captured = amount / 2
		p, ok = l.persist(t, path+"/capture", object{"amount": captured}, key+"capture")
	case 4:
		want, captured = "canceled", 0
		p, ok = l.persist(t, path+"/cancel", nil, key+"cancel")
	case 5:
		p, ok = l.persist(t, path+"/confirm", with(mastercard), key+"confirm")
	}
	made := promise{id: p.ID, status: want, captured: captured}
	if ok && p.Status != want {
		t.Errorf("story %d: payment %s ended %s instead of %s", kind, p.ID, p.Status, want)
		return made, false
	}
	if ok && kind == 1 {
		var r intent
		r, ok = l.persist(t, refunds, object{"intent_id": p.ID, "amount": amount / 4}, key+"refund")
		made.refundID = r.ID
	}
	return made, ok
}

// persist sends a write until it is answered, and waits until its outcome is
// known. The answer is an intent, or what a refund has in common with one.
func (l *load) persist(t *testing.T, path string, body any, key string) (intent, bool) {
	for deadline := time.Now().Add(retryLimit); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		a, err := l.send(t, http.MethodPost, path, body, idempotent(key))
		switch {
		case err != nil, a.status >= 500, a.status == http.StatusConflict && a.header.Get("Retry-After") != "":
			l.mu.Lock()
			l.resent++
			l.mu.Unlock()
		case a.status == http.StatusPaymentRequired:
			return *a.failure(t, http.StatusPaymentRequired, "payment_failed").Intent, true
		case a.status == http.StatusOK:
			return l.patient(t, a.intent(t))
		default:
			t.Errorf("POST %s under %q answered %d: %s", path, key, a.status, a.raw)
			return intent{}, false
		}
	}
	t.Errorf("POST %s under %q was not answered within %s", path, key, retryLimit)
	return intent{}, false
}

// patient waits for the outcome of a payment that is processing, over crashes.
func (l *load) patient(t *testing.T, p intent) (intent, bool) {
	for deadline := time.Now().Add(settleLimit); p.Object == "payment_intent" && p.Status == "processing"; time.Sleep(200 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Errorf("payment %s is processing for %s:\n%s", p.ID, settleLimit, l.hub.describe(t, "payment/"+p.ID))
			return p, false
		}
		if a, err := l.send(t, http.MethodGet, intents+"/"+p.ID, nil); err == nil && a.status == http.StatusOK {
			p = a.intent(t)
		}
	}
	return p, true
}

// requireKept holds the hub to every answer that a client got.
func (l *load) requireKept(t *testing.T) {
	t.Helper()
	stored := map[string]intent{}
	for _, p := range all(t, l.client, intents, nil, func(p intent) string { return p.ID }) {
		stored[p.ID] = p
	}
	require.Len(t, stored, len(l.promises), "a request that was sent again made a second payment, or one was forgotten")
	for _, made := range l.promises {
		p := stored[made.id]
		require.Equal(t, []any{made.status, made.captured}, []any{p.Status, p.AmountCaptured}, made.id)
		if made.refundID != "" {
			require.Equal(t, "succeeded", l.settled(t, made.refundID).Status)
			require.Len(t, l.hub.givenBack(t)[made.refundID], 1, made.refundID)
		}
	}
}
