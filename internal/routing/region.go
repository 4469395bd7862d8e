package routing

import "strings"

// Region is a group of countries, as price lists and rules use them.
type Region string

// The regions. Every country of ISO 3166-1 is in exactly one.
const (
	EEA          Region = "eea" // European Union, Iceland, Liechtenstein and Norway
	GB           Region = "gb"
	US           Region = "us"
	Canada       Region = "ca"
	RestOfEurope Region = "europe" // the rest of it
	LatinAmerica Region = "latin_america"
	AsiaPacific  Region = "asia_pacific"
	MiddleEast   Region = "middle_east"
	Africa       Region = "africa"
)

// regions lists the countries of each region: the European Economic Area by its
// agreement, with the parts of member states that have a code of their own and issue
// their cards; the other continents as the United Nations' M49 divides them, Western
// Asia and Egypt being the Middle East.
var regions = map[Region]string{
	EEA: `AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK IS LI NO
		AX GF GP MQ MF RE YT`,
	GB:           `GB`,
	US:           `US PR VI GU AS MP UM`,
	Canada:       `CA`,
	RestOfEurope: `AD AL BA BY CH FO GG GI IM JE MC MD ME MK RS RU SJ SM UA VA`,
	LatinAmerica: `AG AI AR AW BB BL BM BO BQ BR BS BV BZ CL CO CR CU CW DM DO EC FK GD GL GS GT GY HN HT JM KN KY LC MS MX
		NI PA PE PM PY SR SV SX TC TT UY VC VE VG`,
	AsiaPacific: `AF AQ AU BD BN BT CC CK CN CX FJ FM HK HM ID IN IO JP KG KH KI KP KR KZ LA LK MH MM MN MO MV MY NC NF NP NR
		NU NZ PF PG PH PK PN PW SB SG TF TH TJ TK TL TM TO TV TW UZ VN VU WF WS`,
	MiddleEast: `AE AM AZ BH EG GE IL IQ IR JO KW LB OM PS QA SA SY TR YE`,
	Africa: `AO BF BI BJ BW CD CF CG CI CM CV DJ DZ EH ER ET GA GH GM GN GQ GW KE KM LR LS LY MA MG ML MR MU MW MZ NA NE NG
		RW SC SD SH SL SN SO SS ST SZ TD TG TN TZ UG ZA ZM ZW`,
}

var regionOf = func() map[string]Region {
	of := map[string]Region{}
	for region, countries := range regions {
		for country := range strings.FieldsSeq(countries) {
			of[country] = region
		}
	}
	return of
}()

// RegionOf returns the region of a country (ISO 3166-1 alpha-2), "" when there is no
// such country.
func RegionOf(country string) Region { return regionOf[country] }
