package decode

import "paymenthub/internal/card"

// HoldsCardNumber reports whether text holds what must be taken for a card number;
// card.HoldsNumber says what that is.
func HoldsCardNumber(text string) bool { return card.HoldsNumber(text) }
