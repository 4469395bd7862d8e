package stripe

import (
	"net/http"
	"strings"

	"paymenthub/internal/simulator"
)

// Handler is the whole HTTP surface: Stripe's API below /v1, the 3-D Secure
// page below /3ds, and the simulator's own controls below /_sim.
func (s *Simulator) Handler() http.Handler {
	mux := http.NewServeMux()
	s.registerPayments(mux)
	s.registerRecords(mux)

	mux.HandleFunc("GET /3ds/{id}", s.serveChallenge)
	mux.HandleFunc("POST /3ds/{id}", s.answerChallenge)
	mux.HandleFunc("POST /_sim/3ds/{payment_intent}", s.answerForTest)
	mux.HandleFunc("POST /_sim/refunds/{id}", s.settleForTest)
	mux.HandleFunc("POST /_sim/disputes", s.openForTest)
	mux.HandleFunc("POST /_sim/disputes/{id}", s.moveForTest)
	mux.HandleFunc("GET /_sim/health", func(w http.ResponseWriter, _ *http.Request) {
		simulator.WriteJSON(w, http.StatusOK, map[string]string{"status": "ok", "provider": "stripe"})
	})
	s.faults.Register(mux)
	s.webhooks.Register(mux, s.deliveries)
	simulator.RegisterWitness(mux, witness{s.store})
	mux.Handle("/v1/", s.authenticated(unknownURL))
	return s.parseForms(mux)
}

func (s *Simulator) registerPayments(mux *http.ServeMux) {
	mux.Handle("POST /v1/payment_intents", s.money(createPaymentIntent, opCreate))
	mux.Handle("GET /v1/payment_intents", s.look(listPaymentIntents, opList))
	mux.Handle("GET /v1/payment_intents/search", s.look(searchPaymentIntents, opSearch))
	mux.Handle("GET /v1/payment_intents/{id}", s.look(getPaymentIntent, opRetrieve))
	mux.Handle("POST /v1/payment_intents/{id}", s.write(updatePaymentIntent))
	mux.Handle("POST /v1/payment_intents/{id}/confirm", s.money(confirmPaymentIntent, opConfirm))
	mux.Handle("POST /v1/payment_intents/{id}/capture", s.money(capturePaymentIntent, opCapture))
	mux.Handle("POST /v1/payment_intents/{id}/cancel", s.money(cancelPaymentIntent, opCancel))
	mux.Handle("POST /v1/refunds", s.money(createRefund, opRefund))
	mux.Handle("GET /v1/refunds", s.look(listRefunds, opList))
	mux.Handle("GET /v1/refunds/{id}", s.look(getRefund, opRetrieve))
	mux.Handle("GET /v1/disputes", s.look(listDisputes, opList))
	mux.Handle("GET /v1/disputes/{id}", s.look(getDispute, opRetrieve))
	mux.Handle("POST /v1/disputes/{id}", s.write(updateDispute))
	mux.Handle("POST /v1/disputes/{id}/close", s.write(closeDispute))
	mux.Handle("POST /v1/payment_methods", s.money(createPaymentMethod, opMethod))
	mux.Handle("GET /v1/payment_methods/{id}", s.read(getPaymentMethod))
	mux.Handle("POST /v1/payment_methods/{id}/attach", s.money(attachPaymentMethod, opAttach))
	mux.Handle("POST /v1/payment_methods/{id}/detach", s.money(detachPaymentMethod, opDetach))
	mux.Handle("POST /v1/customers", s.money(createCustomer, opCustomer))
	mux.Handle("GET /v1/customers/search", s.look(searchCustomers, opSearch))
	mux.Handle("GET /v1/customers/{id}", s.read(getCustomer))
	mux.Handle("GET /v1/customers/{id}/payment_methods", s.look(listCustomerMethods, opList))
}

func (s *Simulator) registerRecords(mux *http.ServeMux) {
	mux.Handle("GET /v1/charges", s.read(listCharges))
	mux.Handle("GET /v1/charges/{id}", s.read(getCharge))
	mux.Handle("GET /v1/balance", s.read(getBalance))
	mux.Handle("GET /v1/balance_transactions", s.read(listBalanceTransactions))
	mux.Handle("GET /v1/balance_transactions/{id}", s.read(getBalanceTransaction))
	mux.Handle("GET /v1/account", s.read(getAccount))
	mux.Handle("GET /v1/events", s.read(listEvents))
	mux.Handle("GET /v1/events/{id}", s.read(getEvent))
	mux.Handle("POST /v1/webhook_endpoints", s.write(createWebhookEndpoint))
	mux.Handle("GET /v1/webhook_endpoints", s.read(listWebhookEndpoints))
	mux.Handle("DELETE /v1/webhook_endpoints/{id}", s.write(deleteWebhookEndpoint))
}

// money is a write that faults can hit: it moves money, or keeps a card to do so.
func (s *Simulator) money(operation write, name string) http.Handler {
	plain, confirming := []string{name}, []string{name, opConfirm}
	return s.faulty(s.write(operation), func(r *http.Request) []string {
		if r.PostForm.Get("confirm") == "true" {
			return confirming
		}
		return plain
	})
}

// look is a read that faults can hit.
func (s *Simulator) look(operation read, name string) http.Handler {
	plain := []string{name}
	return s.faulty(s.read(operation), func(*http.Request) []string { return plain })
}

func (s *Simulator) faulty(next http.Handler, operations func(*http.Request) []string) http.Handler {
	return s.faults.Wrap(simulator.Injector{
		Operations: operations,
		Refuse: func(w http.ResponseWriter, r *http.Request, status int) {
			s.respond(w, r, s.failure(serverError(status), "req_"+randomText(14)))
		},
	}, next)
}

// parseForms reads the parameters of every API call before anything else does,
// so that none is taken for empty because its body could not be read.
func (s *Simulator) parseForms(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/_sim/") {
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
			if err := r.ParseForm(); err != nil {
				e := invalid("", "", "The request's parameters could not be read: send at most 1 MB as application/x-www-form-urlencoded.")
				s.respond(w, r, s.failure(e, "req_"+randomText(14)))
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

func unknownURL(c *call) (answer, error) {
	e := invalid("", "", "Unrecognized request URL (%s: %s). Please see https://stripe.com/docs.", c.r.Method, c.r.URL.Path)
	e.status = http.StatusNotFound
	return answer{}, e
}
