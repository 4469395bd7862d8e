package chassis

import "time"

// Tx is one transaction of an account: all that it writes is there, or nothing.
type Tx struct {
	*connection
	Account string
	// Key is the idempotency key of the call that this is, or that led to it.
	Key string
	// BaseURL is where a shopper's browser reaches the simulator; "" in what the
	// provider does by itself.
	BaseURL string
	sim     *Chassis
	after   []func()
}

// Now is the simulator's clock.
func (tx *Tx) Now() time.Time { return tx.sim.now().UTC() }

// SettleAfter is how long what settles later takes.
func (tx *Tx) SettleAfter() time.Duration { return tx.sim.options.SettleAfter }

// committed has f run once the transaction is committed.
func (tx *Tx) committed(f func()) { tx.after = append(tx.after, f) }

// transact runs f in one transaction, committed when f returns nil.
func (c *Chassis) transact(f func(*Tx) error) error {
	tx := &Tx{sim: c}
	err := c.store.update(func(conn *connection) error {
		tx.connection = conn
		return f(tx)
	})
	if err != nil {
		return err
	}
	for _, then := range tx.after {
		then()
	}
	return nil
}

// Act runs f by the provider's own doing, in a transaction of the account that
// has the object. Errors: those of NotFound for an object that nobody has.
func (c *Chassis) Act(kind, id string, f func(*Tx) error) error {
	return c.transact(func(tx *Tx) error {
		account, err := owner(tx, kind, id)
		if err != nil {
			return err
		}
		if account == "" {
			return NotFound(kind)
		}
		tx.Account = account
		return f(tx)
	})
}
