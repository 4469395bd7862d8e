package hub

import (
	"context"
	"fmt"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json/jsontext"

	"paymenthub/api/decode"
	"paymenthub/api/middleware"
	"paymenthub/api/openapi"
	"paymenthub/internal/account"
	"paymenthub/internal/fault"
	"paymenthub/internal/merchant"
	"paymenthub/internal/vault"
)

// Bounds of a gateway account's fields.
const (
	maxLabel    = 100
	maxPriority = 1000
)

// GatewayAccounts keeps merchants' accounts at providers; account.Service is it.
type GatewayAccounts interface {
	Providers() []account.Provider
	Connect(ctx context.Context, n account.New) (account.Account, error)
	Get(ctx context.Context, scope merchant.Scope, name string) (account.Account, error)
	List(ctx context.Context, scope merchant.Scope, p account.Page) ([]account.Account, bool, error)
	Update(ctx context.Context, scope merchant.Scope, name string, c account.Changes) (account.Account, error)
}

// ListGatewayProviders is GET /v3/gateway_accounts/providers.
func (a *API) ListGatewayProviders(c *gin.Context) (any, error) {
	if _, err := decode.Query(c.Request); err != nil {
		return nil, err
	}
	return openapi.GatewayProviderList{Object: listObject, Data: views(a.accounts.Providers(), gatewayProvider)}, nil
}

// CreateGatewayAccount is POST /v3/gateway_accounts.
func (a *API) CreateGatewayAccount(c *gin.Context) (any, error) {
	var body openapi.CreateGatewayAccountRequest
	if err := readRequest(c, &body); err != nil {
		return nil, err
	}
	if body.Provider == "" {
		return nil, fault.Field("provider", "Field 'provider' is required.")
	}
	if len(body.Credentials) == 0 {
		return nil, fault.Field("credentials", "Field 'credentials' is required.")
	}
	changes, err := accountChanges(openapi.UpdateGatewayAccountRequest{
		Label: body.Label, Priority: body.Priority, Credentials: &body.Credentials, Fees: body.Fees,
	})
	if err != nil {
		return nil, err
	}
	n := account.New{
		OperationID: middleware.OperationID(c), Scope: middleware.Scope(c), Provider: body.Provider, Label: text(body.Label),
		Credentials: changes.Credentials,
	}
	if body.Priority != nil {
		n.Priority = *body.Priority
	}
	if changes.Fees != nil {
		n.Fees = *changes.Fees
	}
	made, err := a.accounts.Connect(c.Request.Context(), n)
	return a.gatewayAccount(made), err
}

// ListGatewayAccounts is GET /v3/gateway_accounts.
func (a *API) ListGatewayAccounts(c *gin.Context) (any, error) {
	page, _, err := listBy(c, "stripe", account.ValidName)
	if err != nil {
		return nil, err
	}
	rows, more, err := a.accounts.List(c.Request.Context(), middleware.Scope(c), account.Page(page.ofPayments()))
	if err != nil {
		return nil, err
	}
	return openapi.GatewayAccountList{Object: listObject, Data: views(rows, a.gatewayAccount), HasMore: more}, nil
}

// GetGatewayAccount is GET /v3/gateway_accounts/{id}.
func (a *API) GetGatewayAccount(c *gin.Context) (any, error) {
	name, err := accountName(c)
	if err != nil {
		return nil, err
	}
	if _, err := decode.Query(c.Request); err != nil {
		return nil, err
	}
	found, err := a.accounts.Get(c.Request.Context(), middleware.Scope(c), name)
	return a.gatewayAccount(found), err
}

// UpdateGatewayAccount is POST /v3/gateway_accounts/{id}.
func (a *API) UpdateGatewayAccount(c *gin.Context) (any, error) {
	name, err := accountName(c)
	if err != nil {
		return nil, err
	}
	var body openapi.UpdateGatewayAccountRequest
	if err := readRequest(c, &body); err != nil {
		return nil, err
	}
	changes, err := accountChanges(body)
	if err != nil {
		return nil, err
	}
	changed, err := a.accounts.Update(c.Request.Context(), middleware.Scope(c), name, changes)
	return a.gatewayAccount(changed), err
}

// DisableGatewayAccount is DELETE /v3/gateway_accounts/{id}. The account's record
// stays: payments that it took are captured and refunded through it.
func (a *API) DisableGatewayAccount(c *gin.Context) (any, error) {
	name, err := accountName(c)
	if err != nil {
		return nil, err
	}
	if err := readRequest(c, &struct{}{}); err != nil {
		return nil, err
	}
	disabled := account.Disabled
	changed, err := a.accounts.Update(c.Request.Context(), middleware.Scope(c), name, account.Changes{Status: &disabled})
	return a.gatewayAccount(changed), err
}

// readSecrets reads an object of texts of which none is repeated: credentials, or values
// of headers. A null would be taken for one that ends.
func readSecrets[M ~map[string]string](d *jsontext.Decoder, into *M) error {
	here := decode.Path(d.StackPointer())
	switch kind := d.PeekKind(); kind {
	case 'n':
		return d.SkipValue()
	case '{':
	default:
		if err := d.SkipValue(); err != nil {
			return err
		}
		return fault.Field(here, "Field '%s' must be an object.", here)
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	read := M{}
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return err
		}
		member := name.String()
		value, err := d.ReadValue()
		if err != nil {
			return err
		}
		if value.Kind() != '"' {
			field := here + "." + decode.SafeName(member)
			return fault.Field(field, "Field '%s' must be a string.", field)
		}
		text, err := jsontext.AppendUnquote(nil, value)
		if err != nil {
			return err
		}
		read[member] = string(text)
	}
	*into = read
	_, err := d.ReadToken()
	return err
}

func accountName(c *gin.Context) (string, error) {
	if name := c.Param("id"); account.ValidName(name) {
		return name, nil
	}
	return "", fault.New(fault.NotFound, "There is no such gateway account.")
}

// accountChanges checks what a merchant tells of an account.
func accountChanges(body openapi.UpdateGatewayAccountRequest) (account.Changes, error) {
	if err := decode.Text("label", text(body.Label), maxLabel); err != nil {
		return account.Changes{}, err
	}
	if p := body.Priority; p != nil && (*p < -maxPriority || *p > maxPriority) {
		return account.Changes{}, fault.Field("priority", "Field 'priority' must be -%d to %d.", maxPriority, maxPriority)
	}
	c := account.Changes{Label: body.Label, Priority: body.Priority, Credentials: account.Credentials{}}
	if body.Status != nil {
		status := account.Status(*body.Status)
		c.Status = &status
	}
	if body.Credentials != nil {
		for name, value := range *body.Credentials {
			c.Credentials[name] = vault.Secret(value)
		}
	}
	if body.Fees != nil {
		fees, err := newFees(*body.Fees)
		if err != nil {
			return account.Changes{}, err
		}
		c.Fees = &fees
	}
	return c, nil
}

func (a *API) gatewayAccount(of account.Account) openapi.GatewayAccount {
	v := openapi.GatewayAccount{
		ID: of.Name, Object: openapi.GatewayAccountObjectGatewayAccount, Provider: of.Provider,
		Status: openapi.GatewayAccountStatus(of.Status), Label: optional(of.Label), Priority: of.Priority,
		Credentials: of.Public, Secrets: of.Secrets, WebhookURL: fmt.Sprintf("%s/webhooks/%s/%s", a.publicURL, of.Provider, of.Name),
		Environment: openapi.Environment(of.Scope.Environment), CreatedAt: utc(of.CreatedAt), UpdatedAt: utc(of.UpdatedAt),
	}
	if of.Fees != nil {
		fees := views(of.Fees, gatewayFee)
		v.Fees = &fees
	}
	return v
}

func gatewayProvider(p account.Provider) openapi.GatewayProvider {
	v := openapi.GatewayProvider{
		Object: openapi.GatewayProviderObjectGatewayProvider, Name: p.Name, Title: p.Title, Methods: p.Methods,
		Credentials: views(p.Credentials, func(c account.Credential) openapi.GatewayCredential {
			return openapi.GatewayCredential{Name: c.Name, Title: c.Title, Required: c.Required, Secret: !c.Public}
		}),
	}
	if p.Currencies > 0 {
		v.Currencies = &p.Currencies
	}
	return v
}
