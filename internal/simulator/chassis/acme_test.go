package chassis_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/simulator"
	"paymenthub/internal/simulator/chassis"
)

// acme is a provider as small as one can be: it takes payments, and settles one
// of its refunds later.
type acme struct {
	*chassis.Chassis
	server *httptest.Server
	t      *testing.T
}

type payment struct {
	ID        string       `json:"id"`
	Amount    int64        `json:"amount"`
	Reference string       `json:"reference"`
	Status    string       `json:"status"`
	Card      chassis.Card `json:"card"`
	Page      string       `json:"page,omitempty"`
}

type refund struct {
	ID, Payment, Status string
}

var nothing = http.Header{}

func openAcme(t *testing.T, o chassis.Options) *acme {
	t.Helper()
	if o.DataFile == "" {
		o.DataFile = filepath.Join(t.TempDir(), "acme.db")
	}
	a := &acme{t: t}
	problem := func(status int) func(*chassis.Request) chassis.Answer {
		return func(*chassis.Request) chassis.Answer { return chassis.JSON(status, map[string]int{"error": status}) }
	}
	var err error
	a.Chassis, err = chassis.Open(o, chassis.Provider{
		Name: "acme", Money: []string{"pay", "refund"}, Lookups: []string{"list"},
		Account: func(r *chassis.Request) (string, error) {
			key := r.Header.Get("Acme-Account")
			if key == "" {
				return "", &chassis.Refusal{Answer: problem(http.StatusUnauthorized)(r)}
			}
			return chassis.AccountOf(key), nil
		},
		WebhookAccount: func(c map[string]string) string { return chassis.AccountOf(c["key"]) },
		Key:            func(r *chassis.Request) string { return r.Header.Get("Acme-Key") },
		KeyInUse:       problem(http.StatusConflict), KeyReused: problem(http.StatusUnprocessableEntity),
		Replayed:    map[string]string{"Acme-Replayed": "true"},
		ServerError: func(status int) chassis.Answer { return chassis.JSON(status, nil) },
		Sign: func(r *http.Request, d chassis.Delivery) {
			r.Header.Set("Acme-Signature", d.Credentials["secret"]+" "+d.ID)
		},
		Perform: func(tx *chassis.Tx, task chassis.Task) error { return settle(tx, task.Object, task.Kind == "succeed") },
		Answered: func(tx *chassis.Tx, id string, approved bool) (string, error) {
			p, _, err := chassis.Find[payment](tx, tx.Account, chassis.KindPayment, id)
			if err != nil || !approved {
				return "https://shop.example/?failed", err
			}
			p.Status = "paid"
			return "https://shop.example/?paid=" + id, errors.Join(tx.Save(chassis.KindPayment, id, p), witness(tx, p))
		},
		SettleRefund: settle,
		OpenDispute: func(tx *chassis.Tx, payment string, about chassis.Complaint) (string, error) {
			if about.Inquiry {
				return "", chassis.Conflict("inquiry", "is not known here")
			}
			d := simulator.Dispute{ID: chassis.NewID("dsp_", chassis.Base32, 20), PaymentIntent: payment, Status: "open"}
			return d.ID, errors.Join(tx.Save(chassis.KindDispute, d.ID, d), tx.WitnessDispute(d))
		},
		MoveDispute: func(tx *chassis.Tx, id, status string) error {
			d, _, err := chassis.Find[simulator.Dispute](tx, tx.Account, chassis.KindDispute, id)
			if status != "won" {
				return &simulator.FieldError{Field: "status", Message: "must be won"}
			}
			d.Status = status
			return errors.Join(err, tx.Save(chassis.KindDispute, id, d), tx.WitnessDispute(*d))
		},
	})
	require.NoError(t, err)
	a.Start()
	mux := http.NewServeMux()
	mux.Handle("POST /payments", a.Write("pay", a.pay))
	mux.Handle("POST /payments/{id}/refunds", a.Write("refund", a.refund))
	mux.Handle("GET /payments", a.Read("list", a.list))
	a.Register(mux)
	a.server = httptest.NewServer(mux)
	t.Cleanup(a.close)
	return a
}

// close may be called twice.
func (a *acme) close() {
	if a.server == nil {
		return
	}
	a.server.CloseClientConnections()
	a.server.Close()
	a.server = nil
	require.NoError(a.t, a.Close())
}

func witness(tx *chassis.Tx, p *payment) error {
	return tx.WitnessCharge(simulator.Charge{
		ID: p.ID, PaymentIntent: p.ID, Amount: p.Amount, Currency: "eur", AmountCaptured: p.Amount, IdempotencyKey: tx.Key,
	}, false)
}

func (a *acme) pay(r *chassis.Request) (chassis.Effect, error) {
	var body struct {
		Amount            int64
		Reference, Number string
	}
	if err := json.Unmarshal(r.Body, &body); err != nil {
		return nil, &chassis.Refusal{Answer: chassis.JSON(http.StatusBadRequest, "unreadable")}
	}
	card, err := a.ReadCard(body.Number, 12, 2060, "123")
	if err != nil {
		return nil, &chassis.Refusal{Answer: chassis.JSON(http.StatusBadRequest, err.Error())}
	}
	return func(tx *chassis.Tx) (chassis.Answer, error) {
		p := &payment{ID: chassis.NewID("pay_", chassis.Base32, 26), Amount: body.Amount, Reference: body.Reference, Card: card, Status: "paid"}
		switch {
		case card.Issuer.Challenge():
			p.Status = "waiting"
			p.Page, err = tx.OpenPage(p.ID, chassis.Page{Title: "Yours?", Text: "A test.", Amount: p.Amount, Currency: "eur", LeaveURL: "https://shop.example/"})
		case card.Issuer.Declined():
			p.Status = "declined"
		default:
			err = witness(tx, p)
		}
		return chassis.JSON(http.StatusCreated, p), errors.Join(err,
			tx.Save(chassis.KindPayment, p.ID, p, "reference:"+p.Reference),
			tx.Emit(chassis.Event{ID: chassis.NewID("evt_", chassis.Base62, 20), Type: p.Status, Body: chassis.Marshal(p)}))
	}, nil
}

func (a *acme) refund(r *chassis.Request) (chassis.Effect, error) {
	return func(tx *chassis.Tx) (chassis.Answer, error) {
		made := &refund{ID: chassis.NewID("re_", chassis.Base32, 20), Payment: r.PathValue("id"), Status: "pending"}
		err := errors.Join(
			tx.Save(chassis.KindRefund, made.ID, made),
			tx.WitnessRefund(simulator.Refund{ID: made.ID, Status: made.Status, IdempotencyKey: tx.Key}),
			tx.Later(chassis.Task{Kind: "succeed", Object: made.ID}, tx.SettleAfter()))
		return chassis.Answer{Status: http.StatusAccepted, Header: map[string]string{"Location": made.ID}}, err
	}, nil
}

func settle(tx *chassis.Tx, id string, succeeded bool) error {
	made, _, err := chassis.Find[refund](tx, tx.Account, chassis.KindRefund, id)
	if err != nil {
		return err
	}
	if made.Status = "failed"; succeeded {
		made.Status = "succeeded"
	}
	return errors.Join(tx.Forget(id), tx.Save(chassis.KindRefund, id, made), tx.WitnessRefund(simulator.Refund{ID: id, Status: made.Status}))
}

func (a *acme) list(q chassis.Reader, r *chassis.Request) (chassis.Answer, error) {
	listing := chassis.Listing{Account: r.Account, Kind: chassis.KindPayment, Newest: true}
	if reference := r.URL.Query().Get("reference"); reference != "" {
		listing.Ref = "reference:" + reference
	}
	found, err := chassis.Docs[payment](q, listing)
	return chassis.JSON(http.StatusOK, found), err
}

// call makes a call of the account "one", unless the header says otherwise.
func (a *acme) call(method, path, body string, header http.Header) (int, http.Header, string) {
	a.t.Helper()
	r, err := http.NewRequestWithContext(a.t.Context(), method, a.server.URL+path, bytes.NewReader([]byte(body)))
	require.NoError(a.t, err)
	r.Header = header.Clone()
	if r.Header.Get("Acme-Account") == "" {
		r.Header.Set("Acme-Account", "one")
	}
	client := http.Client{Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(r)
	if err != nil {
		return 0, nil, err.Error()
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(a.t, err)
	return response.StatusCode, response.Header, string(text)
}

func (a *acme) get(path string, into any) {
	a.t.Helper()
	status, _, text := a.call(http.MethodGet, path, "", nothing)
	require.Equal(a.t, http.StatusOK, status, text)
	require.NoError(a.t, json.Unmarshal([]byte(text), into))
}

func (a *acme) charges() []simulator.Charge {
	var record struct{ Charges []simulator.Charge }
	a.get("/_sim/charges", &record)
	return record.Charges
}

func (a *acme) refunds() []simulator.Refund {
	var record struct{ Refunds []simulator.Refund }
	a.get("/_sim/refunds", &record)
	return record.Refunds
}

func keyed(key string) http.Header { return http.Header{"Acme-Key": {key}} }

const order = `{"amount":1250,"reference":"order-1","number":"4242 4242 4242 4242"}`

func (a *acme) pays(body string) payment {
	a.t.Helper()
	status, _, text := a.call(http.MethodPost, "/payments", body, nothing)
	require.Equal(a.t, http.StatusCreated, status, text)
	var p payment
	require.NoError(a.t, json.Unmarshal([]byte(text), &p))
	return p
}
