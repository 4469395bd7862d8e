package hub

import (
	"github.com/gin-gonic/gin"

	"paymenthub/api/decode"
	"paymenthub/api/middleware"
	"paymenthub/api/openapi"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/ledger"
	"paymenthub/internal/money"
)

// ListBalances is GET /v3/ledger/balances.
func (a *API) ListBalances(c *gin.Context) (any, error) {
	if _, err := decode.Query(c.Request); err != nil {
		return nil, err
	}
	rows, err := a.ledger.Balances(c.Request.Context(), middleware.Scope(c))
	if err != nil {
		return nil, err
	}
	return openapi.LedgerBalanceList{Object: listObject, Data: views(rows, balance)}, nil
}

// ListEntries is GET /v3/ledger/entries.
func (a *API) ListEntries(c *gin.Context) (any, error) {
	page, values, err := listQuery(c, id.LedgerEntry, "account", "currency", "intent_id")
	if err != nil {
		return nil, err
	}
	f := ledger.EntryFilter{Page: ledger.Page{Limit: page.limit, StartingAfter: page.startingAfter, EndingBefore: page.endingBefore}}
	if f.Account, err = choice(values, "account", ledger.Authorizations, ledger.AuthorizationHolds,
		ledger.GatewayReceivable, ledger.Sales, ledger.GatewayFees, ledger.Refunds, ledger.Disputes,
		ledger.FXClearing, ledger.FXGainLoss); err != nil {
		return nil, err
	}
	if values.Has("currency") {
		if f.Currency, err = money.ParseCurrency(values.Get("currency")); err != nil {
			return nil, fault.Field("currency", "Query parameter 'currency' must be an ISO 4217 currency code.")
		}
	}
	if f.PaymentID, err = reference(values, "intent_id", id.Payment); err != nil {
		return nil, err
	}
	rows, more, err := a.ledger.Entries(c.Request.Context(), middleware.Scope(c), f)
	if err != nil {
		return nil, err
	}
	return openapi.LedgerEntryList{Object: listObject, Data: views(rows, entry), HasMore: more}, nil
}
