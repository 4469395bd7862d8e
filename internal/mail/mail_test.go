package mail_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/mail"
	"paymenthub/internal/notice"
)

// server is an SMTP server on loopback (RFC 5321) that gives these answers to commands,
// and hangs up after one that is "". It returns its address and what it took.
func server(t *testing.T, answers map[string]string) (address string, taken <-chan string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	messages := make(chan string, 1)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go converse(conn, answers, messages)
		}
	}()
	return listener.Addr().String(), messages
}

func converse(conn net.Conn, answers map[string]string, messages chan<- string) {
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	lines := bufio.NewReader(conn)
	say := func(text string) { _, _ = fmt.Fprint(conn, text+"\r\n") }
	say("220 test")
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		command := strings.ToUpper(strings.Fields(line + " ?")[0])
		answer, given := answers[command]
		switch {
		case given && answer == "":
			return
		case given:
			say(answer)
		case command == "EHLO":
			say("250-test\r\n250 ENHANCEDSTATUSCODES")
		case command == "DATA":
			say("354 go on")
			var message strings.Builder
			for line, err := lines.ReadString('\n'); err == nil && line != ".\r\n"; line, err = lines.ReadString('\n') {
				message.WriteString(line)
			}
			messages <- message.String()
			say("250 ok")
		case command == "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

func TestAMessageGoesOut(t *testing.T) {
	t.Parallel()
	address, taken := server(t, nil)
	p, err := mail.New(mail.Options{URL: "smtp://" + address, From: "Payment Hub <hub@example.com>"})
	require.NoError(t, err)
	require.NoError(t, p.Post(t.Context(), "ops@shop.example", "A webhook endpoint was disabled", "It failed for three days.\nEnable it again."))
	message := <-taken
	require.Contains(t, message, "Subject: A webhook endpoint was disabled")
	require.Contains(t, message, `From: "Payment Hub" <hub@example.com>`)
	require.Contains(t, message, "To: <ops@shop.example>")
	require.Contains(t, message, "It failed for three days.")
}

func TestARefusedMessageIsAnError(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]struct {
		answers map[string]string
		forGood bool
	}{
		"answered 550 5.1.1":           {map[string]string{"RCPT": "550 5.1.1 <nobody@shop.example>: no such mailbox"}, true},
		"answered 554":                 {map[string]string{"DATA": "554 no"}, true},
		"answered 450 4.2.1":           {map[string]string{"RCPT": "450 4.2.1 nobody@shop.example is asked too often"}, false},
		"answered 550":                 {map[string]string{"MAIL": "550 who are you, to write to nobody@shop.example?"}, false},
		"the mail server gave no answ": {map[string]string{"RCPT": ""}, false},
		"dial failed":                  {map[string]string{"EHLO": "", "HELO": ""}, false},
	} {
		address, _ := server(t, c.answers)
		p, err := mail.New(mail.Options{URL: "smtp://" + address, From: "hub@example.com"})
		require.NoError(t, err)
		err = p.Post(t.Context(), "nobody@shop.example", "s", "t")
		require.ErrorContains(t, err, want)
		require.Equal(t, c.forGood, errors.Is(err, notice.ErrRefused), err)
		require.NotContains(t, err.Error(), "nobody")
	}
	address, _ := server(t, nil)
	p, err := mail.New(mail.Options{URL: "smtp://" + address, From: "hub@example.com"})
	require.NoError(t, err)
	err = p.Post(t.Context(), "nobody at shop.example", "s", "t")
	require.ErrorIs(t, err, notice.ErrRefused)
	require.NotContains(t, err.Error(), "nobody")

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.Error(t, p.Post(ended, "ops@shop.example", "s", "t"))
}

// A message that was taken is not sent again because of what the server says afterwards.
func TestATakenMessageIsSent(t *testing.T) {
	t.Parallel()
	for _, answers := range []map[string]string{{"QUIT": ""}, {"QUIT": "500 no"}, {"RSET": "500 no"}, {"RSET": ""}} {
		address, taken := server(t, answers)
		p, err := mail.New(mail.Options{URL: "smtp://" + address, From: "hub@example.com"})
		require.NoError(t, err)
		require.NoError(t, p.Post(t.Context(), "ops@shop.example", "s", "t"), answers)
		<-taken
	}
}

func TestWhatIsNoMailServerIsRefused(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "https://mail.example.com", "smtp://", "smtp://u:hunter2@host:port"} {
		_, err := mail.New(mail.Options{URL: url, From: "hub@example.com"})
		require.ErrorContains(t, err, "smtps://", url)
		require.NotContains(t, err.Error(), "hunter2")
	}
	_, err := mail.New(mail.Options{URL: "smtps://u:hunter2@mail.example.com", From: "the hub"})
	require.ErrorContains(t, err, `"the hub" is no address`)
}
