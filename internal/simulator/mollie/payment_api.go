package mollie

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"paymenthub/internal/simulator/chassis"
)

const (
	maxMetadata    = 1024
	maxDescription = 255
	defaultPage    = 50
	maxPage        = 250
)

// createRequest is the body of POST /v2/payments.
type createRequest struct {
	Amount      amount          `json:"amount"`
	Description string          `json:"description"`
	RedirectURL string          `json:"redirectUrl"`
	Method      string          `json:"method"`
	Metadata    json.RawMessage `json:"metadata"`
}

// check answers with the first parameter that is wrong. The order is Mollie's as far
// as it can be seen.
func (c createRequest) check() (by method, minor int64, err error) {
	minor, written := c.Amount.minor()
	by, known := methodOf(c.Method)
	switch {
	case !written:
		return by, 0, wrong("amount", "The amount contains an invalid value")
	case c.Description == "" || len([]rune(c.Description)) > maxDescription:
		return by, 0, wrong("description", "The description is invalid")
	case !isAddress(c.RedirectURL):
		return by, 0, wrong("redirectUrl", "The redirect location is invalid")
	case !known:
		return by, 0, wrong("method", "The payment method is invalid")
	case len(c.Metadata) > maxMetadata:
		return by, 0, wrong("metadata", "The metadata is too long")
	case !by.takes(c.Amount.Currency):
		return by, 0, wrong("amount.currency", "The currency is not supported by this payment method")
	case minor < by.Minimum:
		return by, 0, wrong("amount", "The amount is lower than the minimum")
	case by.Maximum > 0 && minor > by.Maximum:
		return by, 0, wrong("amount", "The amount is higher than the maximum")
	case by.wholeOnly(c.Amount.Currency) && minor%100 != 0:
		return by, 0, wrong("amount", "The amount cannot have decimals in this currency")
	}
	return by, minor, nil
}

// wrong refuses a parameter.
func wrong(field, detail string) error {
	return refuse(http.StatusUnprocessableEntity, field, detail)
}

func isAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}

// read reads a JSON body without anything that the simulator does not know.
func read(r *chassis.Request, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(r.Body))
	decoder.DisallowUnknownFields()
	if decoder.Decode(into) != nil {
		return refuse(http.StatusBadRequest, "", "The request body is not JSON, or has a parameter that the simulator does not know.")
	}
	return nil
}

// create is POST /v2/payments.
func create(r *chassis.Request) (chassis.Effect, error) {
	var body createRequest
	if err := read(r, &body); err != nil {
		return nil, err
	}
	by, minor, err := body.check()
	if err != nil {
		return nil, err
	}
	mode := modeOf(r)
	return func(tx *chassis.Tx) (chassis.Answer, error) {
		p := &payment{
			ID: chassis.NewID("tr_", chassis.Base62, 22), Secret: chassis.NewID("", chassis.Base62, 32), Key: tx.Key, Base: tx.BaseURL,
			Mode: mode, Profile: profileOf(tx.Account), Status: statusOpen, Method: by.ID, Description: body.Description, RedirectURL: body.RedirectURL,
			Amount: minor, Currency: body.Amount.Currency, Metadata: body.Metadata, CreatedAt: tx.Now(), ExpiresAt: tx.Now().Add(by.Expires),
		}
		if err := p.save(tx); err != nil {
			return chassis.Answer{}, err
		}
		return answer(http.StatusCreated, p.view()), tx.Later(chassis.Task{Kind: taskExpire, Object: p.ID}, by.Expires)
	}, nil
}

// paymentOf finds the payment that the path of a call names.
func paymentOf(q chassis.Reader, r *chassis.Request) (*payment, error) {
	p, found, err := chassis.Find[payment](q, r.Account, chassis.KindPayment, r.PathValue("id"))
	if err == nil && !found {
		err = noPayment()
	}
	return p, err
}

// retrieve is GET /v2/payments/{id}.
func retrieve(q chassis.Reader, r *chassis.Request) (chassis.Answer, error) {
	p, err := paymentOf(q, r)
	if err != nil {
		return chassis.Answer{}, err
	}
	return answer(http.StatusOK, p.view()), nil
}

// cancel is DELETE /v2/payments/{id}.
func cancel(r *chassis.Request) (chassis.Effect, error) {
	return func(tx *chassis.Tx) (chassis.Answer, error) {
		p, err := paymentOf(tx, r)
		if err != nil {
			return chassis.Answer{}, err
		}
		if by, _ := methodOf(p.Method); p.Status != statusOpen || !by.Cancelable {
			return chassis.Answer{}, wrong("", "The payment cannot be canceled")
		}
		if err := p.end(tx, statusCanceled); err != nil {
			return chassis.Answer{}, err
		}
		return answer(http.StatusOK, p.view()), nil
	}, nil
}

// listPayments is GET /v2/payments: the newest first, from the payment 'from' on.
func listPayments(q chassis.Reader, r *chassis.Request) (chassis.Answer, error) {
	query := r.URL.Query()
	limit, err := limitOf(query)
	if err != nil {
		return chassis.Answer{}, err
	}
	listing := chassis.Listing{Account: r.Account, Kind: chassis.KindPayment, Newest: true, Limit: limit + 1}
	if from := query.Get("from"); from != "" {
		first, err := chassis.List(q, chassis.Listing{Account: r.Account, Kind: chassis.KindPayment, Ref: refPayment(from)})
		if err != nil {
			return chassis.Answer{}, err
		}
		if len(first) == 0 {
			return chassis.Answer{}, refuse(http.StatusBadRequest, "from", "The payment does not exist")
		}
		listing.Before = first[0].CreatedAt.Add(time.Microsecond)
	}
	found, err := chassis.Docs[payment](q, listing)
	if err != nil {
		return chassis.Answer{}, err
	}
	links := map[string]*link{"self": {r.BaseURL + r.URL.RequestURI(), hal}, "next": nil}
	if len(found) > limit {
		links["next"] = &link{r.BaseURL + "/v2/payments?from=" + found[limit].ID + "&limit=" + strconv.Itoa(limit), hal}
		found = found[:limit]
	}
	views := make([]paymentView, len(found))
	for i, p := range found {
		views[i] = p.view()
	}
	return answer(http.StatusOK, listView(len(views), "payments", views, links)), nil
}

func limitOf(query url.Values) (int, error) {
	text := query.Get("limit")
	if text == "" {
		return defaultPage, nil
	}
	limit, err := strconv.Atoi(text)
	if err != nil || limit < 1 || limit > maxPage {
		return 0, refuse(http.StatusBadRequest, "limit", "The limit must be between 1 and 250")
	}
	return limit, nil
}
