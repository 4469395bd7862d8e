package config

import (
	"net/mail"
	"net/url"
)

// Mail is how notices reach merchants who gave an address.
type Mail struct {
	// SMTPURL is the mail server, smtps://user:password@host:465 or, with STARTTLS,
	// smtp://user:password@host:587. Without it nothing is mailed.
	SMTPURL URL `yaml:"smtp_url"`
	// From is the sender, "Payment Hub <hub@example.com>".
	From string `yaml:"from"`
}

func (f *faults) mail(m Mail) {
	if m.SMTPURL == "" {
		return
	}
	u, err := url.Parse(string(m.SMTPURL))
	f.check(err == nil && u.Hostname() != "" && (u.Scheme == "smtp" || u.Scheme == "smtps"), "mail.smtp_url",
		"must be smtps://user:password@host:465, or smtp://user:password@host:587")
	_, err = mail.ParseAddress(m.From)
	f.check(err == nil, "mail.from", "must be the sender's address, such as Payment Hub <hub@example.com>")
}
