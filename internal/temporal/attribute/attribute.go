// Package attribute names the search attributes of the hub's workflows, by
// which operators find them. Temporal never encrypts them: ids, codes and
// amounts only, nothing about a person or a card.
package attribute

import (
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
)

// The search attributes.
var (
	// MerchantID is the merchant's id (mch_…).
	MerchantID = temporal.NewSearchAttributeKeyKeyword("MerchantId")
	// Environment is sandbox or live.
	Environment = temporal.NewSearchAttributeKeyKeyword("Environment")
	// PaymentStatus is the payment's status as the API names it.
	PaymentStatus = temporal.NewSearchAttributeKeyKeyword("PaymentStatus")
	// Gateway is the name of the gateway last tried.
	Gateway = temporal.NewSearchAttributeKeyKeyword("Gateway")
	// Currency is the ISO 4217 code of Amount.
	Currency = temporal.NewSearchAttributeKeyKeyword("Currency")
	// Amount is in the currency's minor units.
	Amount = temporal.NewSearchAttributeKeyInt64("Amount")
)

// Types returns the attributes by name, as a cluster registers them.
func Types() map[string]enumspb.IndexedValueType {
	types := make(map[string]enumspb.IndexedValueType)
	for _, key := range []temporal.SearchAttributeKey{MerchantID, Environment, PaymentStatus, Gateway, Currency, Amount} {
		types[key.GetName()] = key.GetValueType()
	}
	return types
}
