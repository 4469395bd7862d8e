// Package mail sends mail through the operator's SMTP server; notice.Courier's postman.
package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"paymenthub/internal/notice"
)

// timeout bounds the sending of one message.
const timeout = 15 * time.Second

// Options of a postman.
type Options struct {
	// URL of the server: smtps://user:password@host:465 (TLS from the start) or
	// smtp://user:password@host:587 (STARTTLS, which the server must offer unless it is on
	// this machine).
	URL  string
	From string // "Payment Hub <hub@example.com>"
	TLS  *tls.Config
}

// Postman sends messages. It is safe for concurrent use.
type Postman struct {
	host    string
	options []gomail.Option
	from    string
}

// New makes a postman. Errors never hold the password.
func New(o Options) (*Postman, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Hostname() == "" || u.Scheme != "smtp" && u.Scheme != "smtps" {
		return nil, errors.New("mail: the URL must be smtps://user:password@host:465 or smtp://user:password@host:587")
	}
	p := &Postman{host: u.Hostname(), from: o.From}
	p.options = append(p.options, gomail.WithTimeout(timeout))
	if u.Scheme == "smtps" {
		p.options = append(p.options, gomail.WithSSLPort(false))
	} else {
		p.options = append(p.options, gomail.WithTLSPortPolicy(starttls(u.Hostname())))
	}
	if port, err := strconv.Atoi(u.Port()); err == nil {
		p.options = append(p.options, gomail.WithPort(port))
	}
	if o.TLS != nil {
		p.options = append(p.options, gomail.WithTLSConfig(o.TLS))
	}
	if password, given := u.User.Password(); given {
		p.options = append(p.options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(u.User.Username()), gomail.WithPassword(password))
	}
	if err := gomail.NewMsg().From(o.From); err != nil {
		return nil, fmt.Errorf("mail: the sender %q is no address", o.From)
	}
	return p, nil
}

// starttls: what goes through the network is encrypted.
func starttls(host string) gomail.TLSPolicy {
	if host == "localhost" || host == "127.0.0.1" || host == "::1" {
		return gomail.TLSOpportunistic
	}
	return gomail.TLSMandatory
}

// Post sends a text to an address. Errors: notice.ErrRefused; none holds the address.
func (p *Postman) Post(ctx context.Context, to, subject, text string) error {
	m := gomail.NewMsg()
	if err := m.From(p.from); err != nil {
		return err
	}
	if err := m.To(to); err != nil {
		return fmt.Errorf("%w: it is no address", notice.ErrRefused)
	}
	m.Subject(subject)
	m.SetDate()
	m.SetMessageID()
	m.SetBodyString(gomail.TypeTextPlain, text)
	client, err := gomail.NewClient(p.host, p.options...)
	if err != nil {
		return err
	}
	err = client.DialAndSendWithContext(ctx, m)
	if m.IsDelivered() {
		return nil // the server took it, however it took its leave
	}
	var failed *gomail.SendError
	if errors.As(err, &failed) {
		return outcome(failed)
	}
	return err
}

// outcome tells what is the matter with a message without the server's own words, which
// repeat the address. That the sender is refused is the operator's to mend, and passes.
func outcome(failed *gomail.SendError) error {
	code := failed.ErrorCode()
	if code == 0 {
		return fmt.Errorf("%s: the mail server gave no answer", failed.Reason)
	}
	answer := strings.TrimSpace(fmt.Sprintf("%d %s", code, failed.EnhancedStatusCode()))
	why := fmt.Errorf("%s: the mail server answered %s", failed.Reason, answer)
	switch failed.Reason {
	case gomail.ErrSMTPRcptTo, gomail.ErrSMTPData, gomail.ErrSMTPDataClose:
		if code/100 == 5 {
			return fmt.Errorf("%w: %w", notice.ErrRefused, why)
		}
	}
	return why
}
