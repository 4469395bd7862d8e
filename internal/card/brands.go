package card

import (
	"cmp"
	"slices"
)

// brands are the networks' numbers as they publish them to acquirers and
// merchants; the register of ISO/IEC 7812-2 itself is not public.
// Where a network publishes exceptions of six or eight digits inside of a range
// only to route by (Discover within 6011, UnionPay within 62), the range is kept
// whole: the networks' own test numbers lie in the gaps.
//
// Every brand's numbers must pass Luhn. UnionPay has old domestic cards in
// mainland China whose numbers do not; they are refused, since a number that
// cannot be checked lets every mistyped one through.
var brands = []Brand{
	{ // Visa Core Rules: 4; 13 digits are no longer issued, 19 are.
		Code: Visa, Name: "Visa", Ranges: []Range{{"4", "4"}},
		Lengths: []int{13, 16, 19}, CodeLength: 3, Groups: fours,
	},
	{ // Mastercard, 2-Series BIN Expansion (2016).
		Code: Mastercard, Name: "Mastercard", Ranges: []Range{{"51", "55"}, {"2221", "2720"}},
		Lengths: []int{16}, CodeLength: 3, Groups: fours,
	},
	{ // American Express, Merchant Regulations: the code (4DBC) is on the front.
		Code: Amex, Name: "American Express", Ranges: []Range{{"34", "34"}, {"37", "37"}},
		Lengths: []int{15}, CodeLength: 4, Groups: []int{4, 6, 5},
	},
	{ // Discover Global Network, IIN (BIN) Range Routing Table 5-1.
		Code: Discover, Name: "Discover", Ranges: []Range{{"6011", "6011"}, {"644", "649"}, {"65", "65"}},
		Lengths: []int{16, 17, 18, 19}, CodeLength: 3, Groups: fours,
	},
	{ // The same table: 36 with 14 to 19 digits, the others with 16 to 19 today and 14 on older cards.
		Code: Diners, Name: "Diners Club", Ranges: []Range{{"300", "305"}, {"3095", "3095"}, {"36", "36"}, {"38", "39"}},
		Lengths: []int{14, 15, 16, 17, 18, 19}, CodeLength: 3, Groups: []int{4, 6, 4},
	},
	{ // JCB: 3528 to 3589; the others by Discover's table, which carries JCB.
		Code: JCB, Name: "JCB",
		Ranges: []Range{
			{"3528", "3589"}, {"3088", "3094"}, {"3096", "3102"}, {"3112", "3120"}, {"3158", "3159"}, {"3337", "3349"},
		},
		Lengths: []int{16, 17, 18, 19}, CodeLength: 3, Groups: fours,
	},
	{ // UnionPay International: 62, and 81 since 2017. Co-branded 622126 to 622925 are UnionPay's, too.
		Code: UnionPay, Name: "UnionPay", Ranges: []Range{{"62", "62"}, {"81", "81"}},
		Lengths: []int{16, 17, 18, 19}, CodeLength: 3, Groups: fours,
	},
	{ // Mastercard, account ranges of Maestro: 50, 56 to 58 and what nobody else has of 6.
		Code: Maestro, Name: "Maestro",
		Ranges:  []Range{{"50", "50"}, {"56", "58"}, {"60", "61"}, {"63", "64"}, {"66", "69"}},
		Lengths: anyLength, CodeLength: 3, CodeOptional: true, Groups: fours,
	},
	{ // NSPK, rules of the Mir payment system.
		Code: Mir, Name: "Mir", Ranges: []Range{{"2200", "2204"}},
		Lengths: []int{16, 17, 18, 19}, CodeLength: 3, Groups: fours,
	},
	{ // Elo, BIN table as Brazilian acquirers give it to merchants.
		Code: Elo, Name: "Elo",
		Ranges: []Range{
			{"401178", "401179"}, {"431274", "431274"}, {"438935", "438935"}, {"451416", "451416"},
			{"457393", "457393"}, {"457631", "457632"}, {"504175", "504175"}, {"506699", "506778"},
			{"509000", "509999"}, {"627780", "627780"}, {"636297", "636297"}, {"636368", "636368"},
			{"650031", "650033"}, {"650035", "650051"}, {"650405", "650439"}, {"650485", "650538"},
			{"650541", "650598"}, {"650700", "650718"}, {"650720", "650727"}, {"650901", "650978"},
			{"651652", "651679"}, {"655000", "655019"}, {"655021", "655058"},
		},
		Lengths: []int{16}, CodeLength: 3, Groups: fours,
	},
	{ // Hipercard, as above; its older BINs in 38 are no longer issued.
		Code: Hipercard, Name: "Hipercard", Ranges: []Range{{"606282", "606282"}},
		Lengths: []int{16}, CodeLength: 3, Groups: fours,
	},
}

// unknown is what holds for every number of a card: ISO/IEC 7812-1 ends them at
// 19 digits, and none of fewer than 12 is in use.
var unknown = Brand{Code: Unknown, Name: "Card", Ranges: []Range{}, Lengths: anyLength, CodeLength: 3, Groups: fours}

var (
	fours     = []int{4, 4, 4, 4}
	anyLength = []int{12, 13, 14, 15, 16, 17, 18, 19}
)

// span is a range and whose it is.
type span struct {
	Range
	brand *Brand
}

// spans are the ranges of all brands, those with more digits first.
var spans = func() []span {
	var all []span
	for i := range brands {
		for _, r := range brands[i].Ranges {
			all = append(all, span{r, &brands[i]})
		}
	}
	slices.SortStableFunc(all, func(a, b span) int { return cmp.Compare(len(b.Low), len(a.Low)) })
	return all
}()
