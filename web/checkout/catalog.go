package checkout

import (
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

//go:embed locales/*.json
var localeFiles embed.FS

// languages are those that the page speaks, the first where nobody asks for one.
var languages = []string{"en", "fr", "ar", "de", "es"}

// catalog is what the page says in one language, by name.
type catalog map[string]string

// catalogs holds every language. A file that cannot be read is a defect of the
// binary, so it does not start.
var catalogs = func() map[string]catalog {
	all := map[string]catalog{}
	for _, name := range languages {
		text, err := localeFiles.ReadFile("locales/" + name + ".json")
		if err != nil {
			panic(err)
		}
		var c catalog
		if err := json.Unmarshal(text, &c); err != nil {
			panic(fmt.Sprintf("checkout: locale %s: %v", name, err))
		}
		all[name] = c
	}
	return all
}()

var matcher = func() language.Matcher {
	var tags []language.Tag
	for _, name := range languages {
		tags = append(tags, language.MustParse(name))
	}
	return language.NewMatcher(tags)
}()

// Locale is the language that a page is written in and the region whose habits
// its amounts follow.
type Locale struct {
	Language string // "fr", one that the page speaks
	region   string // "CA"; "" when nobody said
}

// longestTag is more than any language tag in use has, in bytes.
const longestTag = 35

// Match chooses the locale: what is asked for by name, "fr" or "fr-CA", where the
// page speaks it; else the best of an Accept-Language header (RFC 9110, 12.5.4).
func Match(asked, acceptLanguage string) Locale {
	if asked != "" && len(asked) <= longestTag {
		tag, err := language.Parse(asked)
		if l, ok := match(tag); err == nil && ok {
			return l
		}
	}
	tags, _, err := language.ParseAcceptLanguage(acceptLanguage)
	if err != nil {
		tags = nil
	}
	for _, tag := range tags {
		if l, ok := match(tag); ok {
			return l
		}
	}
	return Locale{Language: languages[0]}
}

func match(tag language.Tag) (Locale, bool) {
	_, index, confidence := matcher.Match(tag)
	if confidence < language.High {
		return Locale{}, false
	}
	l := Locale{Language: languages[index]}
	if region, sure := tag.Region(); sure == language.Exact {
		l.region = region.String()
	}
	return l, true
}

// String is the locale as a BCP 47 tag.
func (l Locale) String() string {
	if l.region == "" {
		return l.Language
	}
	return l.Language + "-" + l.region
}

// Direction is "rtl" for languages that are written from right to left.
func (l Locale) Direction() string {
	if l.Language == "ar" {
		return "rtl"
	}
	return "ltr"
}

// say returns a text with its {places} filled in from pairs of name and value.
// In a text of the other direction a value keeps its own: it is isolated (Unicode
// UAX #9, 2.4.2), so that a name in Latin letters does not turn the sentence.
func (l Locale) say(name string, pairs ...string) string {
	text, ok := catalogs[l.Language][name]
	if !ok {
		panic("checkout: no text " + name)
	}
	var replacements []string
	for pair := range slices.Chunk(pairs, 2) {
		place, value := pair[0], pair[1]
		if l.Direction() == "rtl" && value != "" {
			value = "\u2068" + value + "\u2069"
		}
		replacements = append(replacements, "{"+place+"}", value)
	}
	return strings.NewReplacer(replacements...).Replace(text)
}
