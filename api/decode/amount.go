package decode

import (
	"paymenthub/internal/fault"
	"paymenthub/internal/money"
)

// Amount checks the field "amount": minor units, 1 to money.MaxAmount.
func Amount(amount int64) error {
	if amount < 1 {
		return fault.Field("amount", "Field 'amount' must be a positive integer.")
	}
	if amount > money.MaxAmount {
		return fault.Field("amount", "Field 'amount' must be a positive integer of at most %d.", int64(money.MaxAmount))
	}
	return nil
}

// PartOrAll checks an optional field "amount"; 0 stands for all.
func PartOrAll(amount *int64) (int64, error) {
	if amount == nil {
		return 0, nil
	}
	return *amount, Amount(*amount)
}
