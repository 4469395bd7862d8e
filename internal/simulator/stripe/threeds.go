package stripe

import (
	"context"
	"database/sql"
	_ "embed"
	"encoding/json"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"github.com/bojanz/currency"
	"go.uber.org/zap"

	"paymenthub/internal/simulator"
)

//go:embed threeds.html
var threeDSHTML string

var threeDSPage = template.Must(template.New("3ds").Parse(threeDSHTML))

// challengeView is what the page shows.
type challengeView struct {
	Amount, LeaveURL string
	Open, Succeeded  bool
}

// challenge asks the shopper to authenticate before the card is charged.
func (tx *transaction) challenge(pi *intent) ([]byte, error) {
	seq := tx.call.sim.seq.next()
	id := newID("3ds_", seq)
	pi.Status = requiresAction
	pi.NextAction = &nextAction{Type: "redirect_to_url", RedirectToURL: redirectToURL{
		ReturnURL: optional(pi.returnURL), URL: tx.call.baseURL() + "/3ds/" + id,
	}}
	err := tx.exec(`INSERT INTO challenges (seq, account, id, payment_intent, idempotency_key) VALUES (?, ?, ?, ?, ?)`,
		seq, tx.call.account, id, pi.ID, tx.call.idempotencyKey)
	if err != nil {
		return nil, err
	}
	doc, err := tx.saveIntent(pi)
	if err == nil {
		tx.emit("payment_intent.requires_action", doc)
	}
	return doc, err
}

var errNoChallenge = errors.New("no such 3-D Secure challenge")

// openChallenge finds the intent of a challenge, in the name of the call that
// confirmed, and whether the intent still waits for this challenge.
func (s *Simulator) openChallenge(conn *connection, id string) (*transaction, *intent, bool, error) {
	seq, ok := parseID("3ds_", id)
	if !ok {
		return nil, nil, false, errNoChallenge
	}
	row, err := conn.queryRow(`SELECT account, payment_intent, idempotency_key FROM challenges WHERE seq = ? AND id = ?`, seq, id)
	if err != nil {
		return nil, nil, false, err
	}
	c := &call{sim: s, requestID: "req_" + randomText(14)}
	var intentID string
	if err := row.Scan(&c.account, &intentID, &c.idempotencyKey); errors.Is(err, sql.ErrNoRows) {
		return nil, nil, false, errNoChallenge
	} else if err != nil {
		return nil, nil, false, err
	}
	tx := &transaction{connection: conn, call: c}
	pi, err := tx.loadIntent(intentID)
	if err != nil {
		return nil, nil, false, err
	}
	open := pi.Status == requiresAction && pi.NextAction != nil && strings.HasSuffix(pi.NextAction.RedirectToURL.URL, "/"+id)
	return tx, pi, open, nil
}

// completeChallenge is the shopper's answer. Answering again changes nothing:
// answered tells whether this answer counted.
func (s *Simulator) completeChallenge(id string, approve bool) (pi *intent, answered bool, err error) {
	var tx *transaction
	err = s.store.update(func(conn *connection) error {
		begun, found, open, err := s.openChallenge(conn, id)
		tx, pi, answered = begun, found, open
		if err != nil || !open {
			return err
		}
		if err := tx.authenticate(pi, approve); err != nil {
			return err
		}
		return tx.flushEvents()
	})
	if err == nil {
		tx.finish()
	}
	return pi, answered, err
}

// authenticate goes on with a confirmation after the shopper's answer. A
// decline by the issuer is an outcome like any other.
func (tx *transaction) authenticate(pi *intent, approve bool) error {
	m, err := tx.loadMethod(*pi.PaymentMethod)
	if err != nil {
		return err
	}
	if !approve {
		return tx.failIntent(pi, apiError{
			Type: typeInvalidRequest, Code: "payment_intent_authentication_failure", DocURL: docBase + "payment-intent-authentication-failure",
			Message:       "The provided PaymentMethod has failed authentication. You can provide payment_method_data or a new PaymentMethod to attempt to fulfill this PaymentIntent again.",
			PaymentMethod: &m.paymentMethod,
		})
	}
	if m.result.code != "" {
		if _, err := tx.decline(pi, m, m.result); !errors.As(err, new(*apiError)) {
			return err
		}
		return nil
	}
	_, err = tx.approve(pi, m, &threeDSecure{
		AuthenticationFlow: pointer("challenge"), ElectronicCommerceIndicator: pointer("05"),
		Result: pointer("authenticated"), TransactionID: pointer(randomText(20)), Version: pointer("2.2.0"),
	})
	return err
}

func (pi *intent) paid() bool { return pi.Status == succeeded || pi.Status == requiresCapture }

// returnTo is the merchant's page with what Stripe adds to its address.
func (pi *intent) returnTo(status string) string {
	target, err := url.Parse(pi.returnURL)
	if err != nil || pi.returnURL == "" {
		return ""
	}
	query := target.Query()
	query.Set("payment_intent", pi.ID)
	query.Set("payment_intent_client_secret", pi.ClientSecret)
	query.Set("redirect_status", status)
	target.RawQuery = query.Encode()
	return target.String()
}

func (s *Simulator) serveChallenge(w http.ResponseWriter, r *http.Request) {
	var view challengeView
	err := s.store.update(func(conn *connection) error {
		_, pi, open, err := s.openChallenge(conn, r.PathValue("id"))
		if err != nil {
			return err
		}
		amount, err := currency.NewAmountFromInt64(pi.Amount, strings.ToUpper(pi.Currency))
		view = challengeView{Amount: amount.String(), LeaveURL: pi.returnTo("pending"), Open: open, Succeeded: pi.paid()}
		return err
	})
	s.renderChallenge(w, view, err)
}

func (s *Simulator) answerChallenge(w http.ResponseWriter, r *http.Request) {
	outcome := r.PostFormValue("outcome")
	if outcome != "approve" && outcome != "fail" {
		http.Error(w, "outcome must be approve or fail", http.StatusBadRequest)
		return
	}
	pi, _, err := s.completeChallenge(r.PathValue("id"), outcome == "approve")
	if err != nil {
		s.renderChallenge(w, challengeView{}, err)
		return
	}
	status := "failed"
	if pi.paid() {
		status = "succeeded"
	}
	if target := pi.returnTo(status); target != "" {
		http.Redirect(w, r, target, http.StatusSeeOther)
		return
	}
	s.renderChallenge(w, challengeView{Succeeded: pi.paid()}, nil)
}

func (s *Simulator) renderChallenge(w http.ResponseWriter, view challengeView, err error) {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("Referrer-Policy", "no-referrer")
	switch {
	case errors.Is(err, errNoChallenge):
		http.Error(w, "This payment does not exist.", http.StatusNotFound)
		return
	case err != nil:
		s.log.Error("3-D Secure page failed", zap.Error(err))
		http.Error(w, "Something went wrong.", http.StatusInternalServerError)
		return
	}
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'")
	_ = threeDSPage.Execute(w, view) // a browser that left sees nothing
}

// answerForTest is POST /_sim/3ds/{payment_intent}: the shopper's answer
// without a browser.
func (s *Simulator) answerForTest(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Outcome string `json:"outcome"`
	}
	if json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<10)).Decode(&body) != nil || body.Outcome != "approve" && body.Outcome != "fail" {
		simulator.WriteProblem(w, http.StatusBadRequest, "outcome", "must be approve or fail")
		return
	}
	id, err := s.challengeOf(r.Context(), r.PathValue("payment_intent"))
	if err == nil {
		var pi *intent
		var answered bool
		if pi, answered, err = s.completeChallenge(id, body.Outcome == "approve"); err == nil && answered {
			simulator.WriteJSON(w, http.StatusOK, map[string]string{"payment_intent": pi.ID, "status": pi.Status})
			return
		}
	}
	if err != nil && !errors.Is(err, errNoChallenge) {
		s.log.Error("3-D Secure answer failed", zap.Error(err))
		simulator.WriteProblem(w, http.StatusInternalServerError, "", "something went wrong")
		return
	}
	simulator.WriteProblem(w, http.StatusConflict, "payment_intent", "does not wait for 3-D Secure")
}

// challengeOf is the challenge that an intent of any account waits for.
func (s *Simulator) challengeOf(ctx context.Context, intentID string) (string, error) {
	seq, ok := parseID("pi_", intentID)
	if !ok {
		return "", errNoChallenge
	}
	var doc []byte
	err := s.store.readers.QueryRowContext(ctx, `SELECT doc FROM payment_intents WHERE seq = ?`, seq).Scan(&doc)
	if errors.Is(err, sql.ErrNoRows) || err == nil && docID(doc) != intentID {
		return "", errNoChallenge
	} else if err != nil {
		return "", err
	}
	var pi paymentIntent
	if err := json.Unmarshal(doc, &pi); err != nil {
		return "", err
	}
	if pi.NextAction == nil {
		return "", errNoChallenge
	}
	_, id, _ := strings.Cut(pi.NextAction.RedirectToURL.URL, "/3ds/")
	return id, nil
}
