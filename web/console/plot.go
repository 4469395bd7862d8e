package console

import (
	"encoding/json"
	"time"

	"paymenthub/internal/webhook"
)

// Span is how far back a plot goes.
type Span string

// The spans.
const (
	Hour Span = "1h"
	Day  Span = "24h"
	Week Span = "7d"
)

// Spans lists all of them.
var Spans = []Span{Hour, Day, Week}

// Step is the stretch of time that a bar stands for: the shortest whose bars can still be
// told apart on a phone.
func (s Span) Step() time.Duration {
	switch s {
	case Hour:
		return webhook.BucketLength
	case Week:
		return 2 * time.Hour
	default:
		return 15 * time.Minute
	}
}

func (s Span) length() time.Duration {
	switch s {
	case Hour:
		return time.Hour
	case Week:
		return 7 * 24 * time.Hour
	default:
		return 24 * time.Hour
	}
}

// From is the beginning of the first of the bars, the last of which now is in.
func (s Span) From(now time.Time) time.Time {
	return now.Truncate(s.Step()).Add(s.Step() - s.length())
}

// Every is the step in words.
func (s Span) Every() string {
	switch s {
	case Hour:
		return "5 minutes"
	case Week:
		return "2 hours"
	default:
		return "15 minutes"
	}
}

// Words is the span in words.
func (s Span) Words() string {
	switch s {
	case Hour:
		return "hour"
	case Week:
		return "7 days"
	default:
		return "24 hours"
	}
}

// Bar is the attempts that ended in one stretch of time.
type Bar struct {
	At time.Time
	Summary
}

// bars sorts buckets into stretches of time from one on.
func bars(buckets []webhook.Bucket, from time.Time, step time.Duration, number int) []Bar {
	all := make([]Bar, number)
	for i := range all {
		all[i].At = from.Add(time.Duration(i) * step)
	}
	for _, b := range buckets {
		if i := int(b.At.Sub(from) / step); !b.At.Before(from) && i < number {
			all[i].add(b)
		}
	}
	return all
}

// Plot is the attempts at an endpoint, or at all of them, over time.
type Plot struct {
	Frame
	EndpointID string // "": all of them
	Span       Span
	Bars       []Bar
	Summary
}

// NewPlot makes the plot of buckets, of which those outside of the span are left out.
func NewPlot(f Frame, endpointID string, s Span, buckets []webhook.Bucket) Plot {
	p := Plot{Frame: f, EndpointID: endpointID, Span: s, Bars: bars(buckets, s.From(f.Now), s.Step(), int(s.length()/s.Step()))}
	for _, b := range p.Bars {
		p.add(webhook.Bucket{Succeeded: b.Succeeded, Failed: b.Failed, Took: b.Took})
	}
	return p
}

func (Plot) part() string { return "plot" }

// Spans are those to choose from.
func (p Plot) Spans() []Span { return Spans }

// At is the address of the page with another span.
func (p Plot) At(s Span) string { return p.Link(p.path(), "span", string(s)) }

// Again is the address of the plot by itself.
func (p Plot) Again(s Span) string {
	return p.Link(p.path(), "span", string(s), "part", "plot")
}

func (p Plot) path() string {
	if p.EndpointID == "" {
		return ""
	}
	return "/endpoints/" + p.EndpointID
}

// Data is what the script draws: seconds since 1970, and how many attempts succeeded and
// failed from then on.
func (p Plot) Data() (string, error) {
	var series [3][]int64
	for _, b := range p.Bars {
		series[0] = append(series[0], b.At.Unix())
		series[1] = append(series[1], int64(b.Succeeded))
		series[2] = append(series[2], int64(b.Failed))
	}
	raw, err := json.Marshal(map[string]any{"step": int(p.Span.Step().Seconds()), "series": series})
	return string(raw), err
}

// Rows are the bars in which something happened, latest first.
func (p Plot) Rows() []Bar {
	var rows []Bar
	for i := len(p.Bars) - 1; i >= 0; i-- {
		if p.Bars[i].Attempts() > 0 {
			rows = append(rows, p.Bars[i])
		}
	}
	return rows
}

// The measures of a small plot, in units of its drawing.
const (
	sparkBars   = 48
	sparkStep   = 30 * time.Minute
	sparkWidth  = 4 // of a bar with the gap after it
	sparkHeight = 32
)

// Spark is the small plot of an endpoint's last 24 hours.
type Spark struct{ Bars []Bar }

func sparkOf(buckets []webhook.Bucket, now time.Time) Spark {
	from := now.Truncate(sparkStep).Add(sparkStep - sparkBars*sparkStep)
	return Spark{bars(buckets, from, sparkStep, sparkBars)}
}

// Rect is a piece of a small plot.
type Rect struct {
	Class               string // "none", "good" or "bad"
	X, Y, Width, Height int
}

// Rects are its pieces: what failed stands on what succeeded.
func (s Spark) Rects() []Rect {
	most := 1
	for _, b := range s.Bars {
		most = max(most, b.Attempts())
	}
	scale := func(n int) int { return (n*sparkHeight + most - 1) / most }
	var all []Rect
	for i, b := range s.Bars {
		x, good := i*sparkWidth, scale(b.Succeeded)
		bad := min(scale(b.Failed), sparkHeight)
		if bad > 0 {
			good = min(good, sparkHeight-bad)
		}
		if good+bad == 0 {
			all = append(all, Rect{"none", x, sparkHeight - 1, sparkWidth - 1, 1})
		}
		if good > 0 {
			all = append(all, Rect{"good", x, sparkHeight - good, sparkWidth - 1, good})
		}
		if bad > 0 {
			all = append(all, Rect{"bad", x, sparkHeight - good - bad, sparkWidth - 1, bad})
		}
	}
	return all
}
