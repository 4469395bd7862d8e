package e2e

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// mailbox is an SMTP server that takes whatever it is given (RFC 5321).
type mailbox struct {
	address string
	mu      sync.Mutex
	got     []string
}

func newMailbox(t *testing.T) *mailbox {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	m := &mailbox{address: listener.Addr().String()}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // the test is over
			}
			go m.converse(conn)
		}
	}()
	return m
}

func (m *mailbox) converse(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(settleLimit))
	lines := bufio.NewReader(conn)
	for say := "220 test"; ; {
		if _, err := fmt.Fprint(conn, say+"\r\n"); err != nil {
			return
		}
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		say = "250 ok"
		if strings.HasPrefix(line, "QUIT") {
			_, _ = fmt.Fprint(conn, "221 bye\r\n")
			return
		}
		if strings.HasPrefix(line, "DATA") {
			_, _ = fmt.Fprint(conn, "354 go on\r\n")
			var text strings.Builder
			for line, err = lines.ReadString('\n'); err == nil && line != ".\r\n"; line, err = lines.ReadString('\n') {
				text.WriteString(line)
			}
			m.mu.Lock()
			m.got = append(m.got, text.String())
			m.mu.Unlock()
		}
	}
}

func (m *mailbox) mails() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]string(nil), m.got...)
}

// The mail goes out with the next sweep, half a minute later at most.
func TestAMerchantIsMailedThatAnEndpointIsGone(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	t.Parallel()
	box := newMailbox(t)
	h := newHub(t, sqlite, "PAYMENTHUB_MAIL_SMTP_URL=smtp://"+box.address, "PAYMENTHUB_MAIL_FROM=Payment Hub <hub@example.com>")
	s, silent := newShop(t, h), newShop(t, h) // which gave no address
	require.Equal(t, http.StatusOK, s.do(t, http.MethodPut, settings, object{"display_name": "Shop", "notification_email": "ops@shop.example"}).status)
	gone := newReceiver(t, always(http.StatusGone))
	e, other := s.tell(t, gone), silent.tell(t, gone)
	s.create(t, nil)
	silent.create(t, nil)
	type noticed struct {
		Kind     string     `json:"kind"`
		ObjectID string     `json:"object_id"`
		Text     string     `json:"text"`
		MailedAt *time.Time `json:"mailed_at"`
	}
	of := func(c client) []noticed { return read[list[noticed]](t, c.get(t, notices), http.StatusOK).Data }
	await(t, deliverLimit, "both are noted", func() bool { return len(of(s.client)) == 1 && len(of(silent.client)) == 1 })
	require.Equal(t, []string{"webhook_endpoint.disabled", e.ID}, []string{of(s.client)[0].Kind, of(s.client)[0].ObjectID})
	await(t, settleLimit, "a mail goes out", func() bool { return of(s.client)[0].MailedAt != nil })
	mails := box.mails()
	require.Len(t, mails, 1)
	require.Contains(t, mails[0], "To: <ops@shop.example>")
	require.Contains(t, mails[0], "Subject: A webhook endpoint was disabled (sandbox)")
	require.Contains(t, strings.ReplaceAll(mails[0], "=\r\n", ""), e.ID)
	require.NotContains(t, mails[0], e.Secret)
	require.Equal(t, other.ID, of(silent.client)[0].ObjectID)
	require.Nil(t, of(silent.client)[0].MailedAt)
}
