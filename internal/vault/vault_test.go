package vault_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/clock"
	"paymenthub/internal/fault"
	"paymenthub/internal/merchant"
	"paymenthub/internal/vault"
)

var (
	now   = time.Date(2026, 5, 31, 23, 0, 0, 0, time.UTC)
	scope = merchant.Scope{MerchantID: "mch_1", Environment: merchant.Live}
	names = vault.Names{Number: "card.number", ExpMonth: "card.exp_month", ExpYear: "card.exp_year", CVC: "card.cvv", HolderName: "card.holder_name"}
)

type memory map[string]vault.Record

func (m memory) PutCard(_ context.Context, r vault.Record) error { m[r.Token] = r; return nil }

func (m memory) Card(_ context.Context, token string) (vault.Record, error) {
	r, ok := m[token]
	if !ok {
		return r, fault.New(fault.NotFound, "no card")
	}
	return r, nil
}

func (m memory) EraseOld(context.Context, time.Time, time.Time) (int64, error) { return 0, nil }

func keys(active int, versions ...int) vault.Keys {
	k := vault.Keys{Active: active, ByVersion: map[int][]byte{}, Fingerprint: bytes.Repeat([]byte{9}, 32)}
	for _, v := range versions {
		k.ByVersion[v] = bytes.Repeat([]byte{byte(v)}, 32)
	}
	return k
}

func input() vault.Input {
	return vault.Input{Number: "4000 0566 5566 5556", ExpMonth: 5, ExpYear: 2026, CVC: "917", HolderName: "Ada Lovelace"}
}

func TestSealedCardsComeBackAndTellNothing(t *testing.T) {
	store := memory{}
	v, err := vault.New(store, keys(1, 1), clock.NewManual(now))
	require.NoError(t, err)
	card, err := vault.NewCard(input(), names, now)
	require.NoError(t, err)
	record, err := v.Put(context.Background(), scope, "tok_1", card)
	require.NoError(t, err)

	raw := fmt.Sprintf("%+v %s", record, record.Sealed)
	for _, secret := range []string{"4000056655665556", "917", "Lovelace"} {
		require.NotContains(t, raw, secret)
	}
	back, err := v.Open(context.Background(), "tok_1")
	require.NoError(t, err)
	require.Equal(t, card, back)
	require.Equal(t, "5556", record.Last4)
	require.Equal(t, "visa", record.Brand)
}

func TestARecordOpensOnlyUnderItsOwnToken(t *testing.T) {
	store := memory{}
	v, _ := vault.New(store, keys(1, 1), clock.NewManual(now))
	card, _ := vault.NewCard(input(), names, now)
	record, err := v.Put(context.Background(), scope, "tok_1", card)
	require.NoError(t, err)
	store["tok_2"] = record
	_, err = v.Open(context.Background(), "tok_2")
	require.ErrorContains(t, err, "does not belong here")
	record.Sealed = append([]byte{}, record.Sealed...)
	record.Sealed[len(record.Sealed)-1] ^= 1
	store["tok_1"] = record
	_, err = v.Open(context.Background(), "tok_1")
	require.Error(t, err, "a changed record does not open")
}

func TestKeysRotate(t *testing.T) {
	store := memory{}
	old, _ := vault.New(store, keys(1, 1), clock.NewManual(now))
	card, _ := vault.NewCard(input(), names, now)
	_, err := old.Put(context.Background(), scope, "tok_1", card)
	require.NoError(t, err)
	rotated, _ := vault.New(store, keys(2, 1, 2), clock.NewManual(now))
	back, err := rotated.Open(context.Background(), "tok_1")
	require.NoError(t, err)
	require.Equal(t, card, back)
	again, err := rotated.Seal(scope, "tok_2", card)
	require.NoError(t, err)
	require.Equal(t, 2, again.KeyVersion)
	require.Equal(t, store["tok_1"].Fingerprint, again.Fingerprint, "the same card is recognised across keys")
	without, _ := vault.New(store, keys(2, 2), clock.NewManual(now))
	_, err = without.Open(context.Background(), "tok_1")
	require.ErrorContains(t, err, "no key of version 1")
}

func TestErasedCardsAreGone(t *testing.T) {
	store := memory{"tok_1": {Token: "tok_1", KeyVersion: 1}}
	v, _ := vault.New(store, keys(1, 1), clock.NewManual(now))
	_, err := v.Open(context.Background(), "tok_1")
	require.ErrorIs(t, err, vault.ErrForgotten)
}

func TestCardsDoNotPrint(t *testing.T) {
	card, err := vault.NewCard(input(), names, now)
	require.NoError(t, err)
	asJSON, err := json.Marshal(card)
	require.NoError(t, err)
	printed := string(asJSON) + fmt.Sprintf("%v %+v %#v %s %q", card, card, card, card.Number, card.CVC)
	require.NotContains(t, printed, "5556")
	require.NotContains(t, printed, "917")
}

func TestCardsAreValidated(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*vault.Input)
		param  string
	}{
		"check digit":       {func(in *vault.Input) { in.Number = "4000056655665557" }, "card.number"},
		"letters":           {func(in *vault.Input) { in.Number = "4000o56655665556" }, "card.number"},
		"other digits":      {func(in *vault.Input) { in.Number = "٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢" }, "card.number"},
		"too short":         {func(in *vault.Input) { in.Number = "42424242" }, "card.number"},
		"empty":             {func(in *vault.Input) { in.Number = "" }, "card.number"},
		"length (visa)":     {func(in *vault.Input) { in.Number = "424242424242426" }, "card.number"},
		"length (amex)":     {func(in *vault.Input) { in.Number = "3782822463100005" }, "card.number"},
		"too long":          {func(in *vault.Input) { in.Number = "42424242424242424242" }, "card.number"},
		"no month":          {func(in *vault.Input) { in.ExpMonth = 0 }, "card.exp_month"},
		"month":             {func(in *vault.Input) { in.ExpMonth = 13 }, "card.exp_month"},
		"two-digit year":    {func(in *vault.Input) { in.ExpYear = 26 }, "card.exp_year"},
		"far year":          {func(in *vault.Input) { in.ExpYear = 2100 }, "card.exp_year"},
		"last month":        {func(in *vault.Input) { in.ExpMonth = 4 }, "card.exp_month"},
		"last year":         {func(in *vault.Input) { in.ExpMonth, in.ExpYear = 12, 2025 }, "card.exp_year"},
		"no code":           {func(in *vault.Input) { in.CVC = "" }, "card.cvv"},
		"letters in code":   {func(in *vault.Input) { in.CVC = "9a7" }, "card.cvv"},
		"short code":        {func(in *vault.Input) { in.CVC = "91" }, "card.cvv"},
		"long code":         {func(in *vault.Input) { in.CVC = "9171" }, "card.cvv"},
		"short code (amex)": {func(in *vault.Input) { in.Number = "378282246310005" }, "card.cvv"},
		"holder":            {func(in *vault.Input) { in.HolderName = strings.Repeat("x", 101) }, "card.holder_name"},
	} {
		in := input()
		c.change(&in)
		_, err := vault.NewCard(in, names, now)
		require.True(t, fault.Is(err, fault.Invalid), name)
		require.Equal(t, c.param, fault.From(err).Param, name)
		if in.Number != "" {
			require.NotContains(t, err.Error(), in.Number, name)
		}
	}
}

func TestACardIsGoodThroughItsMonth(t *testing.T) {
	card := vault.Card{ExpMonth: 12, ExpYear: 2026}
	require.False(t, card.ExpiredAt(time.Date(2026, 12, 31, 23, 59, 0, 0, time.UTC)))
	require.False(t, card.ExpiredAt(time.Date(2027, 1, 1, 11, 0, 0, 0, time.UTC)), "it is still December somewhere (UTC−12)")
	require.True(t, card.ExpiredAt(time.Date(2027, 1, 1, 12, 0, 0, 0, time.UTC)))
}

func TestCardsAreAccepted(t *testing.T) {
	for name, in := range map[string]vault.Input{
		"its last month":     {Number: "4000 0566 5566 5556", ExpMonth: 5, ExpYear: 2026, CVC: "917"},
		"four digits (amex)": {Number: "3782 822463 10005", ExpMonth: 1, ExpYear: 2027, CVC: "9170"},
		"no code (maestro)":  {Number: "6759-6498-2643-8453", ExpMonth: 12, ExpYear: 2099},
		"a code (maestro)":   {Number: "6759649826438453", ExpMonth: 12, ExpYear: 2030, CVC: "917"},
		"unknown brand":      {Number: "1111111111111117", ExpMonth: 12, ExpYear: 2030, CVC: "917"},
		"longest name":       {Number: "4000056655665556", ExpMonth: 12, ExpYear: 2030, CVC: "917", HolderName: strings.Repeat("é", 100)},
	} {
		made, err := vault.NewCard(in, names, now)
		require.NoError(t, err, name)
		require.Equal(t, strings.NewReplacer(" ", "", "-", "").Replace(in.Number), made.Number.Reveal(), name)
		require.Equal(t, in.CVC+in.HolderName, made.CVC.Reveal()+made.HolderName.Reveal(), name)
		require.Equal(t, []int{in.ExpMonth, in.ExpYear}, []int{made.ExpMonth, made.ExpYear}, name)
	}
}

// A card is accepted for as long as its month lasts anywhere.
func TestACardIsAcceptedUntilItsMonthIsOver(t *testing.T) {
	in := vault.Input{Number: "4000056655665556", ExpMonth: 12, ExpYear: 2026, CVC: "917"}
	_, err := vault.NewCard(in, names, time.Date(2026, 12, 31, 23, 59, 59, 0, time.FixedZone("UTC-12", -12*60*60)))
	require.NoError(t, err)
	_, err = vault.NewCard(in, names, time.Date(2027, 1, 1, 0, 0, 0, 0, time.FixedZone("UTC-12", -12*60*60)))
	require.Equal(t, "card.exp_year", fault.From(err).Param)
}

func TestWhatMayBeShownOfACard(t *testing.T) {
	visa, amex := vault.Card{Number: "4000056655665556"}, vault.Card{Number: "378282246310005"}
	require.Equal(t, []string{"visa", "40000566", "5556"}, []string{visa.Brand(), visa.BIN(), visa.Last4()})
	require.Equal(t, []string{"amex", "378282", "0005"}, []string{amex.Brand(), amex.BIN(), amex.Last4()})
	require.Equal(t, []string{"unknown", "", ""}, []string{vault.Card{}.Brand(), vault.Card{}.BIN(), vault.Card{}.Last4()})
}

// No two merchants can compare their customers' cards.
func TestFingerprintsAreAMerchantsOwn(t *testing.T) {
	v, err := vault.New(memory{}, vault.Keys{Active: 1, ByVersion: map[int][]byte{1: make([]byte, 32)}, Fingerprint: make([]byte, 32)}, clock.System{})
	require.NoError(t, err)
	one, other := vault.Card{Number: "4242424242424242"}, vault.Card{Number: "5555555555554444"}
	require.Equal(t, v.Fingerprint("mch_1", one), v.Fingerprint("mch_1", one))
	require.NotEqual(t, v.Fingerprint("mch_1", one), v.Fingerprint("mch_2", one))
	require.NotEqual(t, v.Fingerprint("mch_1", one), v.Fingerprint("mch_1", other))
}
