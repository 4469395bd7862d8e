package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"paymenthub/internal/account"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/routing"
	"paymenthub/internal/store"
)

func TestOperatorsSwitchGatewaysOffAndOn(t *testing.T) {
	ctx := context.Background()
	dir, intent := stoppedHub(t)
	db, err := store.Open(ctx, store.Options{SQLiteFile: dir.HubDatabase()})
	require.NoError(t, err)
	now := time.Date(2026, 4, 21, 9, 30, 0, 0, time.UTC)
	own := account.NameOf("adyen", id.NewSuffix())
	require.NoError(t, db.GatewayAccounts().Insert(ctx, account.Account{
		Name: own, Provider: "adyen", Scope: intent.Scope, Status: account.Active, Public: map[string]string{}, Secrets: []string{},
		Sealed: []byte{1}, Version: 1, CreatedAt: now, UpdatedAt: now,
	}))
	_, err = db.Routing().PutBreaker(ctx, routing.Account{Environment: merchant.Sandbox, Gateway: "stripe"},
		routing.Breaker{State: routing.Open, Since: now, Until: now.Add(time.Minute), Why: "5 errors in a row", Version: 1}, now)
	require.NoError(t, err)
	require.NoError(t, db.Close())

	run := func(arguments ...string) (string, error) {
		cmd := &cobra.Command{Use: "paymenthub", SilenceUsage: true, SilenceErrors: true}
		cmd.PersistentFlags().String("config", "", "")
		cmd.AddCommand(gatewayCommand())
		var out bytes.Buffer
		cmd.SetOut(&out)
		cmd.SetErr(&out)
		cmd.SetArgs(append([]string{"gateway", "--data-dir", dir.Path()}, arguments...))
		err := cmd.ExecuteContext(ctx)
		return out.String(), err
	}
	list := func() map[string]gatewayLine {
		out, err := run("list", "--json")
		require.NoError(t, err)
		lines := map[string]gatewayLine{}
		for text := range strings.Lines(out) {
			var line gatewayLine
			require.NoError(t, json.Unmarshal([]byte(text), &line))
			lines[string(line.Environment)+" "+line.Gateway] = line
		}
		return lines
	}
	before := list()
	require.Len(t, before, 2)
	require.Equal(t, routing.Closed, before["live stripe"].Health)
	require.Equal(t, gatewayLine{Environment: merchant.Sandbox, Gateway: "stripe", Health: routing.Open, Since: now, Why: "5 errors in a row"}, before["sandbox stripe"])

	for _, arguments := range [][]string{
		{"disable", "stripe", "--environment", "live"}, {"insist", "stripe", "--environment", "sandbox"}, {"disable", own, "--environment", "sandbox"},
	} {
		_, err := run(arguments...)
		require.NoError(t, err, arguments)
	}
	after := list()
	require.Equal(t, []routing.Forced{routing.ForcedDown, routing.ForcedUp, routing.ForcedDown},
		[]routing.Forced{after["live stripe"].Operator, after["sandbox stripe"].Operator, after["sandbox "+own].Operator})
	require.Equal(t, routing.Open, after["sandbox stripe"].Health, "what was seen of it is kept")
	out, err := run("list")
	require.NoError(t, err)
	require.Regexp(t, `live +stripe +works +operator says down`, out)
	require.Regexp(t, `sandbox +stripe +broken +operator says up +5 errors in a row`, out)
	_, err = run("enable", "stripe", "--environment", "live")
	require.NoError(t, err)
	require.Equal(t, routing.NotForced, list()["live stripe"].Operator)

	for _, wrong := range [][]string{
		{"disable", "strip", "--environment", "live"}, {"disable", "stripe", "--environment", "test"}, {"disable", "stripe"},
		{"disable", own, "--environment", "live"}, {"disable", account.NameOf("adyen", id.NewSuffix()), "--environment", "sandbox"}, {"disable"},
	} {
		_, err := run(wrong...)
		require.Error(t, err, wrong)
	}
}
