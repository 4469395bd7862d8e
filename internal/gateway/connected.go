package gateway

import (
	"context"
	"sync"
	"time"

	"go.uber.org/zap"

	"paymenthub/internal/account"
	"paymenthub/internal/clock"
	"paymenthub/internal/merchant"
	"paymenthub/internal/recall"
)

// Bounds of what is remembered of merchants' accounts.
const (
	// believed is how long an account is: a change is seen by every process within it.
	believed = 3 * time.Second
	// remembered bounds the accounts, and the merchants, that are remembered at once.
	remembered = 10_000
)

// Connected are the accounts that merchants have connected, each behind an adapter of
// its own. It is safe for concurrent use.
type Connected struct {
	repository account.Repository
	sealer     account.Sealer
	connector  *Connector
	log        *zap.Logger
	byName     *recall.Memory[string, *Account]
	byScope    *recall.Memory[merchant.Scope, []*Account]

	mu   sync.Mutex
	made map[string]adapter // by the account's name
}

// adapter is an account behind the adapter that was made for a version of its record.
type adapter struct {
	version int
	account *Account
}

// ConnectedOptions are what Connected works with.
type ConnectedOptions struct {
	Repository account.Repository
	Sealer     account.Sealer
	Connector  *Connector
	Clock      clock.Clock
	Logger     *zap.Logger
}

// NewConnected makes the merchants' accounts, with an empty memory.
func NewConnected(o ConnectedOptions) *Connected {
	return &Connected{
		repository: o.Repository, sealer: o.Sealer, connector: o.Connector, log: o.Logger, made: map[string]adapter{},
		byName:  recall.New[string, *Account](believed, remembered, o.Clock),
		byScope: recall.New[merchant.Scope, []*Account](believed, remembered, o.Clock),
	}
}

// Forget makes an account, and its merchant's others, be read anew.
func (c *Connected) Forget(a account.Account) {
	c.byName.Forget(a.Name)
	c.byScope.Forget(a.Scope)
}

// met reports whether an account was found before.
func (c *Connected) met(name string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok := c.made[name]
	return ok
}

// find returns an account of any merchant, disabled ones included.
// Errors: fault.NotFound.
func (c *Connected) find(ctx context.Context, name string) (*Account, error) {
	return c.byName.Get(ctx, name, func(ctx context.Context) (*Account, error) {
		a, err := c.repository.Find(ctx, name)
		if err != nil {
			return nil, err
		}
		return c.adapter(a)
	})
}

// of returns the accounts of a merchant that take new payments, in order of
// preference. One that cannot be used keeps none of the others from being.
func (c *Connected) of(ctx context.Context, scope merchant.Scope) ([]*Account, error) {
	return c.byScope.Get(ctx, scope, func(ctx context.Context) ([]*Account, error) {
		rows, err := c.repository.Preferred(ctx, scope)
		if err != nil {
			return nil, err
		}
		accounts := make([]*Account, 0, len(rows))
		for _, row := range rows {
			a, err := c.adapter(row)
			if err != nil {
				c.log.Error("gateway account cannot be used", zap.String("gateway", row.Name), zap.Error(err))
				continue
			}
			accounts = append(accounts, a)
		}
		return accounts, nil
	})
}

// adapter returns the account behind its adapter. That of a newer record stands: what
// is remembered in two places may be of different age.
func (c *Connected) adapter(of account.Account) (*Account, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if known, ok := c.made[of.Name]; ok && known.version >= of.Version {
		return known.account, nil
	}
	credentials, err := of.Open(c.sealer)
	if err != nil {
		return nil, err
	}
	g, err := c.connector.open(of.Provider, of.Scope.Environment, credentials)
	if err != nil {
		return nil, err
	}
	if len(c.made) >= remembered {
		clear(c.made)
	}
	a := &Account{Name: of.Name, Environment: of.Scope.Environment, MerchantID: of.Scope.MerchantID, Gateway: g, fees: of.Fees}
	c.made[of.Name] = adapter{version: of.Version, account: a}
	return a, nil
}
