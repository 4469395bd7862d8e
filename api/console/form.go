package console

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"paymenthub/api/middleware"
	"paymenthub/internal/card"
	"paymenthub/internal/fault"
	"paymenthub/internal/webhook"
	"paymenthub/web/console"
)

// newEndpoint is GET /console/webhooks/new.
func (h *Console) newEndpoint(c *gin.Context) {
	h.page(c, func(d desk) (console.View, error) {
		return &console.Form{Frame: d.frame, Operation: h.operations.next(d, adding, ""), Dialect: webhook.Hub, All: true}, nil
	})
}

// create is POST /console/webhooks/endpoints: the answer shows the secret, once.
func (h *Console) create(c *gin.Context) {
	d, form, ok := h.posted(c)
	if !ok {
		return
	}
	v := read(form, webhook.Dialect(form.Get("dialect")))
	v.Frame, v.Operation = d.frame, h.operations.kept(d, form, adding, "")
	if !check(v) {
		sendAgain(c, http.StatusBadRequest, v)
		return
	}
	operationID, err := h.operations.of(d, form, adding, "")
	if err != nil {
		refuse(c, v, err)
		return
	}
	made, secret, err := h.Webhooks.Create(d, webhook.NewEndpoint{
		OperationID: operationID, Scope: d.scope, URL: v.URL, EventTypes: types(v), Dialect: v.Dialect, Description: v.Description,
	})
	if fault.Is(err, fault.IdempotencyConflict) { // the form made an endpoint, and was changed after that
		v.Operation, err = h.operations.next(d, adding, ""), errForm
	}
	if err != nil {
		refuse(c, v, err)
		return
	}
	send(c, http.StatusOK, &console.Secret{Frame: d.frame, Endpoint: made, Secret: secret})
}

// edit is GET /console/webhooks/endpoints/{id}/edit.
func (h *Console) edit(c *gin.Context) {
	h.page(c, func(d desk) (console.View, error) {
		e, err := h.find(c, d)
		v := &console.Form{Frame: d.frame, Endpoint: e.ID, URL: e.URL, Dialect: e.Dialect, EventTypes: e.EventTypes, Description: e.Description}
		v.All = len(e.EventTypes) == 1 && e.EventTypes[0] == "*"
		return v, err
	})
}

// save is POST /console/webhooks/endpoints/{id}/edit.
func (h *Console) save(c *gin.Context) {
	d, form, ok := h.posted(c)
	if !ok {
		return
	}
	e, err := h.find(c, d)
	if err != nil {
		middleware.Fail(c, err)
		return
	}
	v := read(form, e.Dialect)
	v.Frame, v.Endpoint = d.frame, e.ID
	if !check(v) {
		sendAgain(c, http.StatusBadRequest, v)
		return
	}
	if _, err = h.Webhooks.Update(d, d.scope, e.ID, webhook.EndpointChanges{URL: &v.URL, EventTypes: types(v), Description: &v.Description}); err != nil {
		refuse(c, v, err)
		return
	}
	c.Redirect(http.StatusSeeOther, back(d, e.ID, console.Saved))
}

// read takes what was typed. Of the events the form has a list for each dialect.
func read(form url.Values, dialect webhook.Dialect) *console.Form {
	return &console.Form{
		URL: strings.TrimSpace(form.Get("url")), Dialect: dialect, Description: strings.TrimSpace(form.Get("description")),
		All: form.Get("events") != "some", EventTypes: form[string(dialect)],
	}
}

// check says what the form itself can know to be wrong, and whether nothing is.
func check(v *console.Form) bool {
	wrong := func(field, message string) {
		v.Errors = append(v.Errors, console.FieldError{Field: field, Message: message})
	}
	if v.URL == "" {
		wrong("url", "Enter the address that messages are sent to.")
	}
	if !v.Dialect.Valid() {
		wrong("dialect", "Choose one of the dialects.")
	}
	if !v.All && len(v.EventTypes) == 0 {
		wrong("event_types", "Choose at least one event, or all of them.")
	}
	if utf8.RuneCountInString(v.Description) > webhook.MaxDescription {
		wrong("description", fmt.Sprintf("Write at most %d characters.", webhook.MaxDescription))
	}
	return len(v.Errors) == 0
}

// types are what the endpoint is to ask for.
func types(v *console.Form) []string {
	if v.All {
		return []string{"*"}
	}
	return v.EventTypes
}

// refuse shows the form again with why it was refused, at its field where there is one.
func refuse(c *gin.Context, v *console.Form, err error) {
	f := fault.From(err)
	if f.Code != fault.Invalid && f.Code != fault.InvalidState && f.Code != fault.Unavailable {
		middleware.Fail(c, err)
		return
	}
	field, _, _ := strings.Cut(f.Param, ".")
	switch field {
	case "url", "dialect", "event_types", "description":
		v.Errors = []console.FieldError{{Field: field, Message: f.Message}}
	default:
		v.Alert = f.Message
	}
	sendAgain(c, middleware.PageStatus(f.Code), v)
}

// sendAgain answers with a form as it was filled in, but for the card numbers in it.
func sendAgain(c *gin.Context, status int, v *console.Form) {
	v.URL, v.Description = card.Mask(v.URL), card.Mask(v.Description)
	send(c, status, v)
}
