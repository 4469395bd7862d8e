package console

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/merchant"
	"paymenthub/internal/webhook"
)

var noon = time.Date(2026, 11, 21, 12, 7, 0, 0, time.UTC)

func TestNumbersAreWrittenForPeople(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1234: "-1,234", -123: "-123"} {
		require.Equal(t, want, count(n))
	}
	require.Equal(t, "–", percent(0, 0))
	require.Equal(t, "100 %", percent(7, 7))
	require.Equal(t, "99.9 %", percent(99_999, 100_000), "not all of them")
	require.Equal(t, "0.1 %", percent(1, 100_000), "not none of them")
	require.Equal(t, "0 %", percent(0, 3))
	require.Equal(t, []string{"–", "0.8 ms", "84 ms", "1.5 s"}, []string{took(0), took(800 * time.Microsecond), took(84 * time.Millisecond), took(1500 * time.Millisecond)})
	require.Equal(t, []string{"5 s", "2 min", "2 min 5 s", "3 h", "3 h 1 min"},
		[]string{lasting(5 * time.Second), lasting(2 * time.Minute), lasting(125 * time.Second), lasting(3 * time.Hour), lasting(3*time.Hour + time.Minute)})
}

func TestAnEndpointsStateSaysWhy(t *testing.T) {
	t.Parallel()
	failing := webhook.Health{FailingSince: noon.Add(-time.Hour), Failures: 3}
	paused := webhook.Health{FailingSince: noon.Add(-time.Hour), Failures: 6, PausedUntil: noon.Add(time.Minute)}
	for name, e := range map[string]webhook.Endpoint{
		"healthy": {}, "failing": {Health: failing}, "paused": {Health: paused}, "disabled": {Disabled: webhook.ByMerchant, Health: paused},
	} {
		s := stateOf(e, noon)
		require.Equal(t, name, s.Name)
		require.NotEmpty(t, s.Text)
	}
	require.Contains(t, stateOf(webhook.Endpoint{Disabled: webhook.Gone}, noon).Text, "410")
	require.Equal(t, "failing", stateOf(webhook.Endpoint{Health: paused}, noon.Add(time.Hour)).Name, "the pause is over")
}

func TestAPlotHoldsWhatEndedInItsSpan(t *testing.T) {
	t.Parallel()
	f := Frame{Environment: merchant.Sandbox, Now: noon}
	for _, s := range Spans {
		from := s.From(noon)
		buckets := []webhook.Bucket{
			{At: from.Add(-webhook.BucketLength), Succeeded: 100},
			{At: from, Succeeded: 2, Failed: 1, Took: 3 * time.Second},
			{At: noon.Truncate(webhook.BucketLength), Succeeded: 4, Took: 3 * time.Second},
		}
		p := NewPlot(f, "", s, buckets)
		require.Equal(t, Summary{Succeeded: 6, Failed: 1, Took: 6 * time.Second}, p.Summary, s)
		require.Equal(t, 3, p.Bars[0].Attempts(), s)
		require.Equal(t, 4, p.Bars[len(p.Bars)-1].Succeeded, "now is in the last bar of %s", s)
		require.Len(t, p.Rows(), 2)
		require.Equal(t, p.Bars[len(p.Bars)-1], p.Rows()[0])
		data, err := p.Data()
		require.NoError(t, err)
		var drawn struct{ Series [3][]int64 }
		require.NoError(t, json.Unmarshal([]byte(data), &drawn))
		for _, series := range drawn.Series {
			require.Len(t, series, len(p.Bars))
		}
	}
}

func TestASmallPlotStaysInItsFrame(t *testing.T) {
	t.Parallel()
	var buckets []webhook.Bucket
	for i := range 48 {
		buckets = append(buckets, webhook.Bucket{At: noon.Add(-time.Duration(i) * sparkStep).Truncate(webhook.BucketLength), Succeeded: i * 7, Failed: i % 5 * 1000})
	}
	s := sparkOf(buckets, noon)
	for _, r := range s.Rects() {
		require.True(t, r.X >= 0 && r.X+r.Width <= sparkBars*sparkWidth && r.Y >= 0 && r.Height > 0 && r.Y+r.Height <= sparkHeight, "%+v", r)
	}
	require.Len(t, sparkOf(nil, noon).Rects(), sparkBars, "a line where nothing was sent")
}

func TestLinksStayInTheirEnvironment(t *testing.T) {
	t.Parallel()
	require.Equal(t, "/console/webhooks/new", Frame{Environment: merchant.Sandbox}.Link("/new", "status", ""))
	require.Equal(t, "/console/webhooks?environment=live&span=1h", Frame{Environment: merchant.Live}.Link("", "span", "1h"))
}

func TestOnlyThePagesOwnScriptsRun(t *testing.T) {
	t.Parallel()
	v := &Failure{Frame: Frame{Environment: merchant.Sandbox}, Title: "<b>T</b>"}
	first, second := Draw(v), Draw(v)
	require.NotEqual(t, first.Policy, second.Policy, "another nonce")
	require.Contains(t, first.Policy, "default-src 'none'")
	require.NotContains(t, first.Policy, "unsafe")
	require.Contains(t, string(first.Body), "&lt;b&gt;T&lt;/b&gt;")
	nonce := strings.Split(strings.Split(first.Policy, "'nonce-")[1], "'")[0]
	require.Equal(t, strings.Count(string(first.Body), "<script"), strings.Count(string(first.Body), `nonce="`+nonce+`"`))
	require.NotContains(t, string(first.Body), "style=")
}

func TestEveryDialectsEventsCanBeChosen(t *testing.T) {
	t.Parallel()
	require.Len(t, choices, len(webhook.Dialects))
	for _, c := range choices {
		var all []string
		for _, g := range c.Groups {
			all = append(all, g.Types...)
		}
		require.ElementsMatch(t, c.Dialect.Types(), all)
	}
}

func TestAFileIsFoundByTheNameThatPagesGiveIt(t *testing.T) {
	t.Parallel()
	for name, f := range files {
		require.Same(t, f, Assets[Frame{}.Asset(name).Name])
	}
}
