package notice

import (
	"context"
	"errors"
	"slices"
	"time"

	"paymenthub/internal/clock"
	"paymenthub/internal/merchant"
)

// Outbox keeps what is still to be mailed; store.Notices is it.
type Outbox interface {
	// DueNotices returns the notice of each scope whose mail has been due for longest, for
	// up to limit scopes, oldest first.
	DueNotices(ctx context.Context, now time.Time, limit int) ([]Notice, error)
	// MailedSince returns what the scope's mails were about that went out after a time.
	MailedSince(ctx context.Context, scope merchant.Scope, since time.Time) (objectIDs []string, err error)
	// MailSettled writes that a notice's mail is done with: sent at a time, or, when that
	// is zero, not to be sent.
	MailSettled(ctx context.Context, noticeID string, at time.Time) error
	// PostponeMail writes when the scope's mails that are due by now are to be tried again.
	PostponeMail(ctx context.Context, scope merchant.Scope, now, until time.Time) error
}

// ErrRefused says that a mail was refused for good: nobody has this address, or wants
// mail at it.
var ErrRefused = errors.New("the mail was refused for good")

// Postman sends one mail; mail.Postman is it. Errors: ErrRefused; all others are taken to
// pass. They do not hold the address.
type Postman interface {
	Post(ctx context.Context, to, subject, text string) error
}

const (
	// mailAgain is when mails to a merchant that could not be sent are tried again, and
	// mailFor for how long they are.
	mailAgain = 5 * time.Minute
	mailFor   = 72 * time.Hour
	// A merchant is mailed of one object once a day, and maxMails times in all: nobody has
	// shown that the address is the merchant's own.
	day      = 24 * time.Hour
	maxMails = 20
	// maxFailures is of how many merchants mail fails before a round ends: it is not an
	// address then, but the mail server. maxTurns ends it too.
	maxFailures = 3
	maxTurns    = 100
)

// Courier mails notices to merchants who gave an address. Merchants take turns. A mail
// may go out twice when the process dies right after sending it.
type Courier struct {
	Outbox   Outbox
	Settings merchant.SettingsRepository
	Postman  Postman // nil: the operator has no mail server, and nothing is mailed
	Clock    clock.Clock
	// Failed is told of each mail that could not be sent; needed with a postman.
	Failed func(noticeID string, err error)
}

// SendDue mails up to limit notices that are due and returns how many went out.
func (c *Courier) SendDue(ctx context.Context, limit int) (sent int, err error) {
	failing := map[string]bool{} // by merchant
	for turn := 0; turn < maxTurns && sent < limit; turn++ {
		due, err := c.Outbox.DueNotices(ctx, c.Clock.Now(), limit-sent)
		if err != nil || len(due) == 0 {
			return sent, err
		}
		for _, n := range due {
			went, failed, err := c.send(ctx, n)
			if err != nil {
				return sent, err
			}
			if went {
				sent++
			}
			if failed {
				failing[n.Scope.MerchantID] = true
			}
			if len(failing) == maxFailures {
				return sent, nil
			}
		}
	}
	return sent, nil
}

// send mails one notice, settles that it is not mailed, or postpones what its scope is
// to be told. The error is the database's or ctx's.
func (c *Courier) send(ctx context.Context, n Notice) (sent, failed bool, err error) {
	now := c.Clock.Now()
	address, err := c.address(ctx, n, now)
	if err != nil {
		return false, false, err
	}
	if address == "" {
		return false, false, c.Outbox.MailSettled(ctx, n.ID, time.Time{})
	}
	err = c.Postman.Post(ctx, address, n.subject(), n.Text)
	switch {
	case err == nil:
		return true, false, c.Outbox.MailSettled(ctx, n.ID, now)
	case ctx.Err() != nil:
		return false, false, ctx.Err()
	}
	c.Failed(n.ID, err)
	if errors.Is(err, ErrRefused) {
		return false, false, c.Outbox.MailSettled(ctx, n.ID, time.Time{})
	}
	return false, true, c.Outbox.PostponeMail(ctx, n.Scope, now, now.Add(mailAgain))
}

// address is where a notice is mailed to; "": it is not mailed.
func (c *Courier) address(ctx context.Context, n Notice, now time.Time) (string, error) {
	if c.Postman == nil || now.Sub(n.CreatedAt) > mailFor {
		return "", nil
	}
	settings, err := c.Settings.Settings(ctx, n.Scope)
	if err != nil || settings.NotificationEmail == "" {
		return "", err
	}
	mailed, err := c.Outbox.MailedSince(ctx, n.Scope, now.Add(-day))
	if err != nil || len(mailed) >= maxMails || slices.Contains(mailed, n.ObjectID) {
		return "", err
	}
	return settings.NotificationEmail, nil
}

// subject says what a notice's mail is about.
func (n Notice) subject() string {
	what := "Something needs your attention"
	if n.Kind == EndpointDisabled {
		what = "A webhook endpoint was disabled"
	}
	return what + " (" + string(n.Scope.Environment) + ")"
}
