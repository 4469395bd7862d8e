package store

import (
	"slices"

	"gorm.io/gorm"

	"paymenthub/internal/merchant"
)

// cursor is the page that the ports ask for. Ids sort by creation, so a cursor
// is compared as text: one that is unknown, or another merchant's, tells nothing.
type cursor struct {
	Limit         int
	StartingAfter string
	EndingBefore  string
}

// maxPage bounds a page.
const maxPage = 100

// within limits a query to what belongs to a scope.
func within(db *gorm.DB, scope merchant.Scope) *gorm.DB {
	return db.Where("merchant_id = ? AND environment = ?", scope.MerchantID, string(scope.Environment))
}

// scopeOf makes a scope of its columns.
func scopeOf(merchantID, environment string) merchant.Scope {
	return merchant.Scope{MerchantID: merchantID, Environment: merchant.Environment(environment)}
}

// list reads one page of rows, newest first, and whether there are more in the
// direction of paging.
func list[R any](query *gorm.DB, c cursor) (rows []R, more bool, err error) {
	limit := min(max(c.Limit, 1), maxPage)
	switch {
	case c.EndingBefore != "":
		query = query.Where("id > ?", c.EndingBefore).Order("id ASC")
	case c.StartingAfter != "":
		query = query.Where("id < ?", c.StartingAfter).Order("id DESC")
	default:
		query = query.Order("id DESC")
	}
	if err := query.Limit(limit + 1).Find(&rows).Error; err != nil {
		return nil, false, err
	}
	if more = len(rows) > limit; more {
		rows = rows[:limit]
	}
	if c.EndingBefore != "" {
		slices.Reverse(rows)
	}
	return rows, more, nil
}

// convert maps rows to domain values.
func convert[R, D any](rows []R, domain func(R) (D, error)) ([]D, error) {
	out := make([]D, 0, len(rows))
	for _, row := range rows {
		d, err := domain(row)
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}
