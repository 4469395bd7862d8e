package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"paymenthub/internal/merchant"
	"paymenthub/internal/notice"
)

// Notices implements notice.Repository and notice.Outbox.
type Notices struct{ store *Store }

// Notices returns what merchants should know.
func (s *Store) Notices() Notices { return Notices{s} }

var (
	_ notice.Repository = Notices{}
	_ notice.Outbox     = Notices{}
)

// noticeRow is a row of notices.
type noticeRow struct {
	ID          string
	MerchantID  string
	Environment string
	Kind        string
	ObjectID    string
	Text        string
	CreatedAt   instant
	MailedAt    instant
	MailDueAt   instant
}

// TableName implements schema.Tabler.
func (noticeRow) TableName() string { return "notices" }

func (r noticeRow) columns() []column {
	return []column{
		{"id", r.ID}, {"merchant_id", r.MerchantID}, {"environment", r.Environment}, {"kind", r.Kind}, {"object_id", r.ObjectID},
		{"text", r.Text}, {"created_at", r.CreatedAt}, {"mailed_at", r.MailedAt}, {"mail_due_at", r.MailDueAt},
	}
}

// insertNotice stores what a merchant should know, in the transaction of what happened.
func insertNotice(tx *gorm.DB, row noticeRow) error {
	_, err := insert(tx, "", row)
	return err
}

func (r noticeRow) notice() (notice.Notice, error) {
	return notice.Notice{
		ID: r.ID, Scope: scopeOf(r.MerchantID, r.Environment), Kind: r.Kind, ObjectID: r.ObjectID, Text: r.Text,
		CreatedAt: r.CreatedAt.Time, MailedAt: r.MailedAt.Time,
	}, nil
}

// ListNotices lists the scope's notices newest first, and whether there are more.
func (r Notices) ListNotices(ctx context.Context, scope merchant.Scope, p notice.Page) (found []notice.Notice, more bool, err error) {
	err = r.store.view(ctx, "list notices", func(db *gorm.DB) error {
		rows, any, err := list[noticeRow](within(db, scope), cursor(p))
		if err != nil {
			return err
		}
		more = any
		found, err = convert(rows, noticeRow.notice)
		return err
	})
	return found, more, err
}

// DueNotices returns the notice of each scope whose mail has been due for longest, for up
// to limit scopes, oldest first.
func (r Notices) DueNotices(ctx context.Context, now time.Time, limit int) (found []notice.Notice, err error) {
	err = r.store.view(ctx, "list notices to mail", func(db *gorm.DB) error {
		var rows []noticeRow
		err := db.Where("mail_due_at IS NOT NULL AND mail_due_at <= ?", at(now)).
			Where(`NOT EXISTS (SELECT 1 FROM notices o WHERE o.merchant_id = notices.merchant_id AND o.environment = notices.environment
				AND o.mail_due_at IS NOT NULL AND (o.mail_due_at, o.id) < (notices.mail_due_at, notices.id))`).
			Order("mail_due_at, id").Limit(limit).Find(&rows).Error
		if err != nil {
			return err
		}
		found, err = convert(rows, noticeRow.notice)
		return err
	})
	return found, err
}

// MailedSince returns what the scope's mails were about that went out after a time.
func (r Notices) MailedSince(ctx context.Context, scope merchant.Scope, since time.Time) (objectIDs []string, err error) {
	err = r.store.view(ctx, "list mailed notices", func(db *gorm.DB) error {
		return within(db.Model(&noticeRow{}), scope).Where("mailed_at IS NOT NULL AND mailed_at > ?", at(since)).Pluck("object_id", &objectIDs).Error
	})
	return objectIDs, err
}

// MailSettled writes that a notice's mail is done with: sent at a time, or, when that is
// zero, not to be sent.
func (r Notices) MailSettled(ctx context.Context, noticeID string, when time.Time) error {
	return r.mail(ctx, []column{{"mailed_at", at(when)}, {"mail_due_at", nil}}, "id = ? AND mail_due_at IS NOT NULL", noticeID)
}

// PostponeMail writes when the scope's mails that are due by now are to be tried again.
func (r Notices) PostponeMail(ctx context.Context, scope merchant.Scope, now, until time.Time) error {
	return r.mail(ctx, []column{{"mail_due_at", at(until)}}, "merchant_id = ? AND environment = ? AND mail_due_at IS NOT NULL AND mail_due_at <= ?",
		scope.MerchantID, string(scope.Environment), at(now))
}

func (r Notices) mail(ctx context.Context, changes []column, condition string, args ...any) error {
	return r.store.write(ctx, "settle the mail of notices", func(db *gorm.DB) error {
		_, err := update(db, noticeRow{}.TableName(), changes, condition, args...)
		return err
	})
}
