package chassis

import (
	"database/sql"
	_ "embed"
	"encoding/json"
	"errors"
	"html/template"
	"net/http"
	"strings"

	"github.com/bojanz/currency"
	"go.uber.org/zap"

	"paymenthub/internal/simulator"
)

//go:embed page.html
var pageHTML string

var pageTemplate = template.Must(template.New("page").Parse(pageHTML))

const pagePath = "/shopper/"

// What shoppers answer on a page, and what becomes of one that nobody answered.
const (
	answerApprove = "approve"
	answerFail    = "fail"
	answerClosed  = "closed"
)

// Page is where a shopper approves a payment, or does not.
type Page struct {
	// Title asks, Text explains: "Is this payment yours?", "This is a test of …".
	Title, Text string
	Amount      int64  // in minor units by ISO 4217
	Currency    string // ISO 4217, in any case
	// LeaveURL is where a shopper goes who does not answer; "" offers no such way.
	LeaveURL string
}

// OpenPage makes the page of a payment, and returns its address. What the shopper
// answers comes to Provider.Answered, under the key of this call.
func (tx *Tx) OpenPage(payment string, p Page) (url string, err error) {
	id := NewID("", Base62, 32)
	err = tx.exec(`INSERT INTO pages (id, account, payment, key, doc) VALUES (?, ?, ?, ?, ?)`, id, tx.Account, payment, tx.Key, string(Marshal(p)))
	return tx.BaseURL + pagePath + id, err
}

// ClosePages ends the pages of a payment that nobody answered.
func (tx *Tx) ClosePages(payment string) error {
	return tx.exec(`UPDATE pages SET answer = ? WHERE payment = ? AND account = ? AND answer = ''`, answerClosed, payment, tx.Account)
}

// openPage is a page with what became of it.
type openPage struct {
	Page
	id, account, payment, key, answer, back string
}

var errNoPage = errors.New("no such page")

func findPage(q Reader, where string, arg string) (openPage, error) {
	row, err := q.queryRow(`SELECT id, account, payment, key, doc, answer, back FROM pages WHERE `+where, arg)
	if err != nil {
		return openPage{}, err
	}
	var p openPage
	var doc []byte
	if err := row.Scan(&p.id, &p.account, &p.payment, &p.key, &doc, &p.answer, &p.back); errors.Is(err, sql.ErrNoRows) {
		return openPage{}, errNoPage
	} else if err != nil {
		return openPage{}, err
	}
	return p, json.Unmarshal(doc, &p.Page)
}

// answerPage is the shopper's answer. Answering again changes nothing: answered
// tells whether this answer counted.
func (c *Chassis) answerPage(where, arg string, approved bool) (p openPage, answered bool, err error) {
	err = c.transact(func(tx *Tx) error {
		if p, err = findPage(tx, where, arg); err != nil || p.answer != "" {
			return err
		}
		answered = true
		tx.Account, tx.Key = p.account, p.key
		if p.answer = answerFail; approved {
			p.answer = answerApprove
		}
		if p.back, err = c.provider.Answered(tx, p.payment, approved); err != nil {
			return err
		}
		return tx.exec(`UPDATE pages SET answer = ?, back = ? WHERE id = ?`, p.answer, p.back, p.id)
	})
	return p, answered, err
}

func (c *Chassis) servePage(w http.ResponseWriter, r *http.Request) {
	p, err := findPage(c.store, `id = ?`, r.PathValue("id"))
	c.renderPage(w, p, err)
}

func (c *Chassis) serveAnswer(w http.ResponseWriter, r *http.Request) {
	outcome := r.PostFormValue("outcome")
	if outcome != answerApprove && outcome != answerFail {
		http.Error(w, "outcome must be approve or fail", http.StatusBadRequest)
		return
	}
	p, _, err := c.answerPage(`id = ?`, r.PathValue("id"), outcome == answerApprove)
	if err == nil && p.back != "" {
		http.Redirect(w, r, p.back, http.StatusSeeOther)
		return
	}
	c.renderPage(w, p, err)
}

// pageView is what the page shows.
type pageView struct {
	Page
	Sum            string
	Open, Approved bool
}

func (c *Chassis) renderPage(w http.ResponseWriter, p openPage, err error) {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("Referrer-Policy", "no-referrer")
	view := pageView{Page: p.Page, Open: p.answer == "", Approved: p.answer == answerApprove}
	if err == nil {
		var sum currency.Amount
		sum, err = currency.NewAmountFromInt64(p.Amount, strings.ToUpper(p.Currency))
		view.Sum = sum.String()
	}
	switch {
	case errors.Is(err, errNoPage):
		http.Error(w, "This payment does not exist.", http.StatusNotFound)
		return
	case err != nil:
		c.log.Error("page failed", zap.String("provider", c.provider.Name), zap.Error(err))
		http.Error(w, "Something went wrong.", http.StatusInternalServerError)
		return
	}
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'")
	_ = pageTemplate.Execute(w, view) // a browser that left sees nothing
}

// answerForTest is POST /_sim/3ds/{payment}: the shopper's answer without a
// browser. It tells where the shopper would be sent.
func (c *Chassis) answerForTest(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Outcome string `json:"outcome"`
	}
	if !simulator.ReadJSON(w, r, &body) {
		return
	}
	if body.Outcome != answerApprove && body.Outcome != answerFail {
		simulator.WriteProblem(w, http.StatusBadRequest, "outcome", "must be approve or fail")
		return
	}
	p, answered, err := c.answerPage(`payment = ? AND answer = ''`, r.PathValue("payment"), body.Outcome == answerApprove)
	if errors.Is(err, errNoPage) || err == nil && !answered {
		err = Conflict("payment", "does not wait for the shopper")
	}
	c.writeActed(w, http.StatusOK, func() any { return map[string]string{"payment": p.payment, "outcome": p.answer, "return_url": p.back} }, err)
}
