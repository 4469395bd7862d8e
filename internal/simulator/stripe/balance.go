package stripe

// The simulator's price for a charge: 2.9 % and 30 minor units, whatever the
// currency. Refunds are free and do not give the fee of the charge back.
const (
	feePerMille = 29
	feeFixed    = 30
)

// feeOf is the fee in minor units, rounded half up.
func feeOf(amount int64) int64 { return (amount*feePerMille+500)/1000 + feeFixed }

// booking is a movement of the merchant's balance, in minor units of currency;
// source is the id of the object it is for.
type booking struct {
	kind, category   string // category is empty when it is the kind
	amount, fee      int64
	feeName          string
	currency, source string
	description      *string
}

// book writes a balance transaction and returns its id. Money is available at
// once.
func (tx *transaction) book(b booking) (string, error) {
	booked, err := tx.bookWhole(b)
	return booked.ID, err
}

// bookWhole is book for those who need the balance transaction itself.
func (tx *transaction) bookWhole(b booking) (balanceTransaction, error) {
	seq := tx.call.sim.seq.next()
	if b.category == "" {
		b.category = b.kind
	}
	booked := balanceTransaction{
		ID: newID("txn_", seq), Object: "balance_transaction", Amount: b.amount, AvailableOn: seconds(seq), Created: seconds(seq),
		Currency: b.currency, Description: b.description, Fee: b.fee, FeeDetails: []feeDetail{}, Net: b.amount - b.fee,
		ReportingCategory: b.category, Source: b.source, Status: "available", Type: b.kind,
	}
	if b.fee > 0 {
		booked.FeeDetails = []feeDetail{{Amount: b.fee, Currency: b.currency, Description: b.feeName, Type: "stripe_fee"}}
	}
	return booked, tx.exec(`INSERT INTO balance_transactions (seq, account, currency, net, doc) VALUES (?, ?, ?, ?, ?)`,
		seq, tx.call.account, b.currency, booked.Net, mustMarshal(&booked))
}

func getBalanceTransaction(c *call, q querier) ([]byte, error) {
	id := c.r.PathValue("id")
	doc, err := find(q, c.account, "balance_transactions", "txn_", id)
	if err == nil && doc == nil {
		err = missing("balance transaction", id, "id")
	}
	if err != nil {
		return nil, err
	}
	return c.expand.apply(q, c.account, doc)
}

type balanceAmount struct {
	Amount      int64       `json:"amount"`
	Currency    string      `json:"currency"`
	SourceTypes sourceTypes `json:"source_types"`
}

type sourceTypes struct {
	Card int64 `json:"card"`
}

type balance struct {
	Object    string          `json:"object"`
	Available []balanceAmount `json:"available"`
	Livemode  bool            `json:"livemode"`
	Pending   []balanceAmount `json:"pending"`
}

func getBalance(c *call, q querier) ([]byte, error) {
	rows, err := q.query(`SELECT currency, SUM(net) FROM balance_transactions WHERE account = ? GROUP BY currency ORDER BY currency`, c.account)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	total := balance{Object: "balance", Available: []balanceAmount{}, Pending: []balanceAmount{}}
	for rows.Next() {
		var sum balanceAmount
		if err := rows.Scan(&sum.Currency, &sum.Amount); err != nil {
			return nil, err
		}
		sum.SourceTypes.Card = sum.Amount
		total.Available = append(total.Available, sum)
		total.Pending = append(total.Pending, balanceAmount{Currency: sum.Currency})
	}
	if len(total.Available) == 0 {
		total.Available = []balanceAmount{{Currency: "usd"}}
		total.Pending = []balanceAmount{{Currency: "usd"}}
	}
	return mustMarshal(&total), rows.Err()
}

type account struct {
	ID               string            `json:"id"`
	Object           string            `json:"object"`
	BusinessType     *string           `json:"business_type"`
	Capabilities     map[string]string `json:"capabilities"`
	ChargesEnabled   bool              `json:"charges_enabled"`
	Country          string            `json:"country"`
	DefaultCurrency  string            `json:"default_currency"`
	DetailsSubmitted bool              `json:"details_submitted"`
	Email            *string           `json:"email"`
	Metadata         map[string]string `json:"metadata"`
	PayoutsEnabled   bool              `json:"payouts_enabled"`
	Type             string            `json:"type"`
}

// getAccount tells which account the key belongs to.
func getAccount(c *call, _ querier) ([]byte, error) {
	return mustMarshal(&account{
		ID: accountID(c.account), Object: "account", Capabilities: map[string]string{"card_payments": "active", "transfers": "active"},
		ChargesEnabled: true, Country: "US", DefaultCurrency: "usd", DetailsSubmitted: true,
		Metadata: map[string]string{}, PayoutsEnabled: true, Type: "standard",
	}), nil
}
