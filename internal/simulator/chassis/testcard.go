package chassis

// Meaning is what the hub's sandbox says that a test card stands for, in words
// that are no provider's.
type Meaning string

// The meanings of the test cards (docs/GATEWAYS.md, "Test cards"). Approved stands
// for any other card.
const (
	Approved          Meaning = "approved"
	DoNotHonor        Meaning = "do_not_honor"
	InsufficientFunds Meaning = "insufficient_funds"
	LostCard          Meaning = "lost_card"
	StolenCard        Meaning = "stolen_card"
	ExpiredCard       Meaning = "expired_card"
	IncorrectCVC      Meaning = "incorrect_cvc"
	ProcessingError   Meaning = "processing_error"
	Fraudulent        Meaning = "fraudulent" // refused by the provider itself: the issuer is not asked
	Challenged        Meaning = "challenged"
	PendingRefund     Meaning = "pending_refund"
	FailedRefund      Meaning = "failed_refund"
	Disputed          Meaning = "disputed"
	Inquired          Meaning = "inquired"
	RefusedWhenPaid   Meaning = "refused_when_paid" // can be kept, and is refused as DoNotHonor when it pays
)

// TestCard is what the issuer says to a card, and what its owner does.
type TestCard struct {
	Meaning Meaning `json:"meaning"`
	// ResponseCode is ISO 8583's field 39, with the card networks' additions to it;
	// "00" for an approval, "" when no issuer is asked.
	ResponseCode string `json:"response_code"`
	// AdviceCode is Mastercard's merchant advice code, "" without.
	AdviceCode string `json:"advice_code"`
	// Message is the issuer's answer in words, without any provider's colour.
	Message string `json:"message"`
}

// Declined tells whether the card is refused.
func (c TestCard) Declined() bool { return c.ResponseCode != "00" }

// Challenge tells whether the shopper is asked to authenticate.
func (c TestCard) Challenge() bool { return c.Meaning == Challenged }

// Disputes tells whether the owner objects as soon as money is captured; inquiry,
// that they only ask.
func (c TestCard) Disputes() (disputes, inquiry bool) {
	return c.Meaning == Disputed || c.Meaning == Inquired, c.Meaning == Inquired
}

var approvedCard = TestCard{Meaning: Approved, ResponseCode: "00", Message: "Approved"}

var testCards = map[string]TestCard{
	"4000000000000002": {Meaning: DoNotHonor, ResponseCode: "05", Message: "Do not honor"},
	"4000000000009995": {Meaning: InsufficientFunds, ResponseCode: "51", AdviceCode: "02", Message: "Insufficient funds"},
	"4000000000009987": {Meaning: LostCard, ResponseCode: "41", AdviceCode: "03", Message: "Lost card, pick up"},
	"4000000000009979": {Meaning: StolenCard, ResponseCode: "43", AdviceCode: "03", Message: "Stolen card, pick up"},
	"4000000000000069": {Meaning: ExpiredCard, ResponseCode: "54", AdviceCode: "01", Message: "Expired card"},
	"4000000000000127": {Meaning: IncorrectCVC, ResponseCode: "N7", AdviceCode: "01", Message: "Decline for CVV2 failure"},
	"4000000000000119": {Meaning: ProcessingError, ResponseCode: "96", Message: "System malfunction"},
	"4000000000000259": {Meaning: Fraudulent, Message: "Refused by risk"},
	"4000002760003184": {Meaning: Challenged, ResponseCode: "00", Message: "Approved"},
	"4000000000007726": {Meaning: PendingRefund, ResponseCode: "00", Message: "Approved"},
	"4000000000005126": {Meaning: FailedRefund, ResponseCode: "00", Message: "Approved"},
	"4000000000002685": {Meaning: Disputed, ResponseCode: "00", Message: "Approved"},
	"4000000000001976": {Meaning: Inquired, ResponseCode: "00", Message: "Approved"},
	"4000000000000341": {Meaning: RefusedWhenPaid, ResponseCode: "05", Message: "Do not honor"},
}

// testCardOf is what the issuer of a card number will say: an approval, unless
// the number is one of the test cards.
func testCardOf(number string) TestCard {
	if card, known := testCards[number]; known {
		return card
	}
	return approvedCard
}
