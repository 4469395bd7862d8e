package api

import (
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"paymenthub/api/hub"
	"paymenthub/api/inbound"
	"paymenthub/api/middleware"
	"paymenthub/api/openapi"
	"paymenthub/api/returns"
	"paymenthub/internal/merchant"
)

// Route is one row of the API's table.
type Route struct {
	Facade     string
	Method     string
	Path       string // with Gin's placeholders
	Access     middleware.Access
	Permission merchant.Permission // "": none
	Rate       middleware.Rate
	Idempotent bool // takes an Idempotency-Key
	Queued     bool // waits for its turn when too many run at once

	facade  *middleware.Facade
	handler gin.HandlerFunc
}

// check reports what cannot work.
func (r Route) check() error {
	authenticated := r.Access == middleware.Secret || r.Access == middleware.Client
	switch {
	case (r.Permission != "") != authenticated:
		return fmt.Errorf("api: route %s %s: a permission and authentication go together", r.Method, r.Path)
	case r.Idempotent && !authenticated:
		return fmt.Errorf("api: route %s %s: idempotency keys belong to a merchant", r.Method, r.Path)
	case (r.Method == http.MethodPost && r.Access != middleware.Signed) != r.Idempotent:
		return fmt.Errorf("api: route %s %s: every merchant's write takes an Idempotency-Key, and nothing else does", r.Method, r.Path)
	}
	return nil
}

// Routes lists the table, for tests that go through every route.
func Routes() []Route {
	s := &server{hub: hub.New(hub.Options{}), returns: returns.New(nil), inbound: inbound.New(nil)}
	return s.routes()
}

// The words of the table.
const (
	get, post = http.MethodGet, http.MethodPost

	public   = middleware.Public
	signed   = middleware.Signed
	optional = middleware.Optional
	secret   = middleware.Secret
	client   = middleware.Client

	perKey     = middleware.PerKey
	perAddress = middleware.PerAddress
	unlimited  = middleware.Unlimited

	none          = merchant.Permission("")
	readPayments  = merchant.ReadPayments
	writePayments = merchant.WritePayments
	confirm       = merchant.ConfirmPayments
	readRefunds   = merchant.ReadRefunds
	writeRefunds  = merchant.WriteRefunds
	readEvents    = merchant.ReadEvents
	readLedger    = merchant.ReadLedger

	keyed, plain     = true, false // takes an Idempotency-Key
	queued, unqueued = true, false
)

// routes is the table: who may call what.
func (s *server) routes() []Route {
	h, hubFacade, returnFacade := s.hub, s.hub.Facade(), s.returns.Facade()
	answer := hub.Answer
	rows := []struct {
		facade     *middleware.Facade
		method     string
		path       string
		access     middleware.Access
		permission merchant.Permission
		rate       middleware.Rate
		keyed      bool
		queued     bool
		handler    gin.HandlerFunc
	}{
		{hubFacade, get, "/v3/payments/health", optional, none, perKey, plain, unqueued, h.GetHealth},
		{hubFacade, post, "/v3/payments/intents", secret, writePayments, perKey, keyed, queued, answer(h.CreateIntent)},
		{hubFacade, get, "/v3/payments/intents", secret, readPayments, perKey, plain, queued, answer(h.ListIntents)},
		{hubFacade, get, "/v3/payments/intents/:id", secret, readPayments, perKey, plain, queued, answer(h.GetIntent)},
		{hubFacade, post, "/v3/payments/intents/:id/confirm", client, confirm, perKey, keyed, queued, answer(h.ConfirmIntent)},
		{hubFacade, post, "/v3/payments/intents/:id/capture", secret, writePayments, perKey, keyed, queued, answer(h.CaptureIntent)},
		{hubFacade, post, "/v3/payments/intents/:id/cancel", secret, writePayments, perKey, keyed, queued, answer(h.CancelIntent)},
		{hubFacade, post, "/v3/payments/refunds", secret, writeRefunds, perKey, keyed, queued, answer(h.CreateRefund)},
		{hubFacade, get, "/v3/payments/refunds", secret, readRefunds, perKey, plain, queued, answer(h.ListRefunds)},
		{hubFacade, get, "/v3/payments/refunds/:id", secret, readRefunds, perKey, plain, queued, answer(h.GetRefund)},
		{hubFacade, get, "/v3/disputes", secret, readPayments, perKey, plain, queued, answer(h.ListDisputes)},
		{hubFacade, get, "/v3/disputes/:id", secret, readPayments, perKey, plain, queued, answer(h.GetDispute)},
		{hubFacade, get, "/v3/events", secret, readEvents, perKey, plain, queued, answer(h.ListEvents)},
		{hubFacade, get, "/v3/events/:id", secret, readEvents, perKey, plain, queued, answer(h.GetEvent)},
		{hubFacade, get, "/v3/ledger/balances", secret, readLedger, perKey, plain, queued, answer(h.ListBalances)},
		{hubFacade, get, "/v3/ledger/entries", secret, readLedger, perKey, plain, queued, answer(h.ListEntries)},

		{hubFacade, post, "/webhooks/:gateway/:account", signed, none, unlimited, plain, queued, s.inbound.Receive},
		{returnFacade, get, "/return/:payment_id", public, none, perAddress, plain, queued, s.returns.Return},

		{hubFacade, get, "/openapi.yaml", public, none, unlimited, plain, unqueued, openapi.ServeDocument},
		{hubFacade, get, "/docs", public, none, unlimited, plain, unqueued, openapi.ServeDocs},
		{hubFacade, get, "/docs/scalar.js", public, none, unlimited, plain, unqueued, openapi.ServeScript},
		{hubFacade, get, "/", public, none, unlimited, plain, unqueued, openapi.Home},
	}
	table := make([]Route, 0, len(rows))
	for _, r := range rows {
		table = append(table, Route{
			Facade: r.facade.Name, Method: r.method, Path: r.path, Access: r.access, Permission: r.permission,
			Rate: r.rate, Idempotent: r.keyed, Queued: r.queued, facade: r.facade, handler: r.handler,
		})
	}
	return table
}
