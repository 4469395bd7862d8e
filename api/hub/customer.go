package hub

import (
	"context"

	"github.com/gin-gonic/gin"

	"paymenthub/api/decode"
	"paymenthub/api/middleware"
	"paymenthub/api/openapi"
	"paymenthub/internal/customer"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
)

// maxCustomerName is how many characters a customer's name may have.
const maxCustomerName = 200

// Customers keeps customers and their payment methods; customer.Service is it.
type Customers interface {
	Create(ctx context.Context, c customer.Customer) (customer.Customer, error)
	Get(ctx context.Context, scope merchant.Scope, customerID string) (customer.Customer, error)
	List(ctx context.Context, scope merchant.Scope, f customer.Filter) ([]customer.Customer, bool, error)
	Update(ctx context.Context, scope merchant.Scope, customerID string, c customer.Changes) (customer.Customer, error)
	AddMethod(ctx context.Context, n customer.NewMethod) (customer.PaymentMethod, error)
	GetMethod(ctx context.Context, scope merchant.Scope, methodID string) (customer.PaymentMethod, error)
	ListMethods(ctx context.Context, scope merchant.Scope, f customer.MethodFilter) ([]customer.PaymentMethod, bool, error)
	SetDefault(ctx context.Context, scope merchant.Scope, methodID string) (customer.PaymentMethod, error)
	Detach(ctx context.Context, scope merchant.Scope, methodID string) (customer.PaymentMethod, error)
}

// CreateCustomer is POST /v3/customers.
func (a *API) CreateCustomer(c *gin.Context) (any, error) {
	told, err := readCustomer(c)
	if err != nil {
		return nil, err
	}
	n := customer.Customer{
		ID: id.Join(id.Customer, middleware.OperationID(c)), Scope: middleware.Scope(c),
		Email: text(told.Email), Name: text(told.Name), Description: text(told.Description),
	}
	if told.Metadata != nil {
		n.Metadata = *told.Metadata
	}
	made, err := a.customers.Create(c.Request.Context(), n)
	return customerView(made), err
}

// GetCustomer is GET /v3/customers/{id}.
func (a *API) GetCustomer(c *gin.Context) (any, error) {
	customerID, err := middleware.PathID(c, id.Customer, "customer")
	if err != nil {
		return nil, err
	}
	if _, err := decode.Query(c.Request); err != nil {
		return nil, err
	}
	found, err := a.customers.Get(c.Request.Context(), middleware.Scope(c), customerID)
	return customerView(found), err
}

// ListCustomers is GET /v3/customers.
func (a *API) ListCustomers(c *gin.Context) (any, error) {
	page, values, err := listQuery(c, id.Customer, "email")
	if err != nil {
		return nil, err
	}
	f := customer.Filter{Email: values.Get("email"), Page: customer.Page(page.ofPayments())}
	if f.Email != "" {
		if err := decode.Email("email", f.Email); err != nil {
			return nil, err
		}
	}
	rows, more, err := a.customers.List(c.Request.Context(), middleware.Scope(c), f)
	if err != nil {
		return nil, err
	}
	return openapi.CustomerList{Object: listObject, Data: views(rows, customerView), HasMore: more}, nil
}

// UpdateCustomer is POST /v3/customers/{id}.
func (a *API) UpdateCustomer(c *gin.Context) (any, error) {
	customerID, err := middleware.PathID(c, id.Customer, "customer")
	if err != nil {
		return nil, err
	}
	told, err := readCustomer(c)
	if err != nil {
		return nil, err
	}
	changed, err := a.customers.Update(c.Request.Context(), middleware.Scope(c), customerID, told)
	return customerView(changed), err
}

// readCustomer reads and checks what a merchant tells of a customer.
func readCustomer(c *gin.Context) (customer.Changes, error) {
	var body openapi.CustomerRequest
	if err := readRequest(c, &body); err != nil {
		return customer.Changes{}, err
	}
	told := customer.Changes{Email: body.Email, Name: body.Name, Description: body.Description}
	if body.Metadata != nil {
		metadata := map[string]string(*body.Metadata)
		told.Metadata = &metadata
	}
	for _, field := range []struct {
		name  string
		value *string
		limit int
	}{{"name", body.Name, maxCustomerName}, {"description", body.Description, maxDescription}} {
		if err := decode.Text(field.name, text(field.value), field.limit); err != nil {
			return customer.Changes{}, err
		}
	}
	if text(body.Email) == "" {
		return told, nil
	}
	return told, decode.Email("email", *body.Email)
}

func customerView(c customer.Customer) openapi.Customer {
	return openapi.Customer{
		ID: c.ID, Object: openapi.CustomerObjectCustomer, Email: optional(c.Email), Name: optional(c.Name), Description: optional(c.Description),
		DefaultPaymentMethod: optional(c.DefaultPaymentMethod), Metadata: c.Metadata,
		Environment: openapi.Environment(c.Scope.Environment), CreatedAt: utc(c.CreatedAt), UpdatedAt: utc(c.UpdatedAt),
	}
}
