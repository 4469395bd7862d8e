package simulator

import (
	"bufio"
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"time"
)

// ChargeStatus is where the money of a charge is.
type ChargeStatus string

// The statuses of a charge in the witness record.
const (
	Authorized        ChargeStatus = "authorized"         // held, nothing taken yet
	Captured          ChargeStatus = "captured"           // taken, in whole or in part, nothing given back
	Voided            ChargeStatus = "voided"             // the hold was released, nothing was ever taken
	PartiallyRefunded ChargeStatus = "partially_refunded" // some of what was taken is given back
	Refunded          ChargeStatus = "refunded"           // all of what was taken is given back
)

// Charge is one charge that really happened; declined ones are not charges.
// Amounts are in minor units of Currency (lower-case ISO 4217).
type Charge struct {
	ID             string       `json:"id"`
	PaymentIntent  string       `json:"payment_intent,omitempty"`
	Amount         int64        `json:"amount"`
	Currency       string       `json:"currency"`
	Status         ChargeStatus `json:"status"`
	AmountCaptured int64        `json:"amount_captured"`
	AmountRefunded int64        `json:"amount_refunded"`
	// IdempotencyKey is the key of the call that made the charge.
	IdempotencyKey string          `json:"idempotency_key"`
	Metadata       json.RawMessage `json:"metadata"`
	CreatedAt      time.Time       `json:"created_at"`
}

// Refund is one refund that really happened. Amount is in minor units.
type Refund struct {
	ID             string          `json:"id"`
	Charge         string          `json:"charge"`
	PaymentIntent  string          `json:"payment_intent,omitempty"`
	Amount         int64           `json:"amount"`
	Currency       string          `json:"currency"`
	Status         string          `json:"status"`
	IdempotencyKey string          `json:"idempotency_key"`
	Metadata       json.RawMessage `json:"metadata"`
	CreatedAt      time.Time       `json:"created_at"`
}

// Dispute is one dispute, or inquiry, that really happened. Amounts are in minor
// units of Currency (lower-case ISO 4217).
type Dispute struct {
	ID            string `json:"id"`
	Charge        string `json:"charge"`
	PaymentIntent string `json:"payment_intent,omitempty"`
	Amount        int64  `json:"amount"`
	Currency      string `json:"currency"`
	Status        string `json:"status"`
	// Withdrawn is what the merchant is without because of it now, fees apart.
	Withdrawn int64     `json:"withdrawn"`
	Fee       int64     `json:"fee"`
	CreatedAt time.Time `json:"created_at"`
}

// PaymentMethod is one card that is, or was, kept for a customer.
type PaymentMethod struct {
	ID        string          `json:"id"`
	Customer  string          `json:"customer,omitempty"` // "" when it is not attached
	Last4     string          `json:"last4"`
	Metadata  json.RawMessage `json:"metadata"`
	CreatedAt time.Time       `json:"created_at"`
}

// Customer is one customer.
type Customer struct {
	ID        string          `json:"id"`
	Metadata  json.RawMessage `json:"metadata"`
	CreatedAt time.Time       `json:"created_at"`
}

// Witness reads a simulator's own record, oldest first, of all accounts. The
// sequences read as they go and never hold the whole record in memory.
type Witness interface {
	Charges(context.Context) iter.Seq2[Charge, error]
	Refunds(context.Context) iter.Seq2[Refund, error]
	Disputes(context.Context) iter.Seq2[Dispute, error]
	PaymentMethods(context.Context) iter.Seq2[PaymentMethod, error]
	Customers(context.Context) iter.Seq2[Customer, error]
}

// RegisterWitness adds GET /_sim/charges, /_sim/refunds, /_sim/disputes,
// /_sim/payment_methods and /_sim/customers to mux.
func RegisterWitness(mux *http.ServeMux, witness Witness) {
	mux.HandleFunc("GET /_sim/charges", func(w http.ResponseWriter, r *http.Request) {
		stream(w, "charges", witness.Charges(r.Context()))
	})
	mux.HandleFunc("GET /_sim/refunds", func(w http.ResponseWriter, r *http.Request) {
		stream(w, "refunds", witness.Refunds(r.Context()))
	})
	mux.HandleFunc("GET /_sim/disputes", func(w http.ResponseWriter, r *http.Request) {
		stream(w, "disputes", witness.Disputes(r.Context()))
	})
	mux.HandleFunc("GET /_sim/payment_methods", func(w http.ResponseWriter, r *http.Request) {
		stream(w, "payment_methods", witness.PaymentMethods(r.Context()))
	})
	mux.HandleFunc("GET /_sim/customers", func(w http.ResponseWriter, r *http.Request) {
		stream(w, "customers", witness.Customers(r.Context()))
	})
}

// stream writes {"name":[…]} row by row. A record that cannot be read to its
// end breaks the connection: a short list must never look like a whole one.
func stream[T any](w http.ResponseWriter, name string, rows iter.Seq2[T, error]) {
	w.Header().Set("Content-Type", "application/json")
	out := bufio.NewWriterSize(w, 64<<10)
	out.WriteString(`{"` + name + `":[`)
	first := true
	for row, err := range rows {
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		line, err := json.Marshal(row)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		if !first {
			out.WriteByte(',')
		}
		first = false
		out.WriteByte('\n')
		if _, err := out.Write(line); err != nil {
			return
		}
	}
	out.WriteString("\n]}\n")
	_ = out.Flush()
}
