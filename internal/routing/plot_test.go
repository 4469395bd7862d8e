package routing

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write docs/routing-simulation.svg anew")

const plotFile = "../../docs/routing-simulation.svg"

// The measures of the picture, in pixels.
const (
	plotWidth, plotHeight = 960, 620
	plotLeft, plotRight   = 62, 860
	ratesTop, ratesBottom = 92, 350
	shareTop, shareBottom = 420, 560
	lowest                = 70  // percent, at the bottom of the rates
	bin                   = 200 // payments that are drawn as one
)

func x(payment int) float64 {
	return plotLeft + float64(payment)*(plotRight-plotLeft)/simulated
}

func y(percent float64) float64 {
	return ratesBottom - max(percent-lowest, 0)*(ratesBottom-ratesTop)/(100-lowest)
}

// plot draws a simulation: the gateways' true rates, what auto reached, and where it
// sent the payments.
func plot(r run) string {
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	best := 0
	for g := range r.fixed {
		if r.fixed[g] > r.fixed[best] {
			best = g
		}
	}
	auto, fixed := float64(total(r.approved))*100/simulated, float64(r.fixed[best])*100/simulated
	p(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-labelledby="t d">`, plotWidth, plotHeight)
	p(`<title id="t">Routing by success: approvals and where payments went</title>`)
	p(`<desc id="d">A simulation of %d payments at four gateways whose rates shift and which break down. Routing by success approves %.1f %%, the best gateway alone %.1f %%.</desc>`, simulated, auto, fixed)
	p(`<style>%s</style>`, plotStyle)
	p(`<rect class="paper" width="%d" height="%d"/>`, plotWidth, plotHeight)
	p(`<text class="title" x="%d" y="30">auto approves %.1f %%, the best gateway alone (%s) %.1f %%</text>`, plotLeft, auto, world[best].name, fixed)
	p(`<text class="note" x="%d" y="52">%d payments, three seconds apart, at gateways with known rates; gaps in a line are outages. Seed %d.</text>`, plotLeft, simulated, plotSeed)
	plotAxes(p)
	for g, gateway := range world {
		p(`<path class="line g%d" d="%s"/>`, g, truth(gateway.phases))
		last := gateway.phases[len(gateway.phases)-1]
		p(`<text class="label g%d" x="%d" y="%.1f">%s</text>`, g, plotRight+8, y(float64(last.percent))+4+labelShift(g), gateway.name)
	}
	p(`<path class="auto" d="%s"/>`, reached(r))
	p(`<text class="label strong" x="%d" y="%.1f">auto</text>`, plotRight+8, y(rolling(r, simulated/bin-1))+20)
	plotShares(p, r)
	p(`</svg>`)
	return b.String()
}

// labelShift keeps the labels of lines that end at the same height apart.
func labelShift(g int) float64 { return []float64{0, 0, -4, 6}[g] }

const plotStyle = `
svg{--paper:#fff;--ink:#1c2430;--soft:#5a6575;--grid:#dfe4ea;--g0:#8a5a00;--g1:#00805f;--g2:#2f6fd0;--g3:#b0368e}
@media (prefers-color-scheme:dark){svg{--paper:#12161c;--ink:#e8edf3;--soft:#9aa6b5;--grid:#2b333d;--g0:#e0a030;--g1:#35c69c;--g2:#74a8ff;--g3:#ee82cf}}
text{font:13px system-ui,sans-serif;fill:var(--ink)}
.paper{fill:var(--paper)}.title{font-size:18px;font-weight:600}.note,.tick,.axis{fill:var(--soft)}.tick,.axis{font-size:12px}.strong{font-weight:700}
.grid{stroke:var(--grid);stroke-width:1}.line{fill:none;stroke-width:1.5;opacity:.85}.auto{fill:none;stroke:var(--ink);stroke-width:3;stroke-linejoin:round}
.g0{stroke:var(--g0)}.g1{stroke:var(--g1)}.g2{stroke:var(--g2)}.g3{stroke:var(--g3)}text.label{stroke:none;font-weight:600}
text.g0,.s0{fill:var(--g0)}text.g1,.s1{fill:var(--g1)}text.g2,.s2{fill:var(--g2)}text.g3,.s3{fill:var(--g3)}
`

func plotAxes(p func(string, ...any)) {
	for percent := lowest; percent <= 100; percent += 5 {
		p(`<line class="grid" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/>`, plotLeft, plotRight, y(float64(percent)), y(float64(percent)))
		p(`<text class="tick" x="%d" y="%.1f" text-anchor="end">%d %%</text>`, plotLeft-8, y(float64(percent))+4, percent)
	}
	for _, share := range []int{0, 50, 100} {
		at := float64(shareBottom) - float64(share)*(shareBottom-shareTop)/100
		p(`<text class="tick" x="%d" y="%.1f" text-anchor="end">%d %%</text>`, plotLeft-8, at+4, share)
	}
	for payment := 0; payment <= simulated; payment += 2000 {
		p(`<line class="grid" x1="%.1f" x2="%.1f" y1="%d" y2="%d"/>`, x(payment), x(payment), ratesTop, ratesBottom)
		p(`<text class="tick" x="%.1f" y="%d" text-anchor="middle">%d</text>`, x(payment), shareBottom+20, payment)
	}
	p(`<text class="axis" x="%d" y="%d">approved: true rate of each gateway, and what auto reached (of %d payments each)</text>`, plotLeft, ratesTop-14, bin)
	p(`<text class="axis" x="%d" y="%d">where payments went first</text>`, plotLeft, shareTop-14)
	p(`<text class="axis" x="%d" y="%d" text-anchor="middle">payment</text>`, (plotLeft+plotRight)/2, shareBottom+42)
}

// truth draws a gateway's rates as steps, and nothing where it is out.
func truth(phases []phase) string {
	var b strings.Builder
	for i, ph := range phases {
		until := simulated
		if i+1 < len(phases) {
			until = phases[i+1].from
		}
		if ph.out {
			continue
		}
		pen := "L"
		if i == 0 || phases[i-1].out {
			pen = "M"
		}
		fmt.Fprintf(&b, "%s%.1f %.1fL%.1f %.1f", pen, x(ph.from), y(float64(ph.percent)), x(until), y(float64(ph.percent)))
	}
	return b.String()
}

// rolling is auto's rate within one bin, in percent.
func rolling(r run, i int) float64 { return float64(total(r.approved[i*bin:(i+1)*bin])) * 100 / bin }

func reached(r run) string {
	var b strings.Builder
	for i := range simulated / bin {
		pen := "L"
		if i == 0 {
			pen = "M"
		}
		fmt.Fprintf(&b, "%s%.1f %.1f", pen, x(i*bin+bin/2), y(rolling(r, i)))
	}
	return b.String()
}

// plotShares draws how payments were shared out, one bar for each bin.
func plotShares(p func(string, ...any), r run) {
	for i := range simulated / bin {
		var counts [4]int
		for _, g := range r.chosen[i*bin : (i+1)*bin] {
			counts[g]++
		}
		at := float64(shareBottom)
		for g, n := range counts {
			height := float64(n) * (shareBottom - shareTop) / bin
			if n > 0 {
				p(`<rect class="s%d" x="%.1f" y="%.1f" width="%.1f" height="%.1f"/>`, g, x(i*bin)+.5, at-height, x(bin)-x(0)-1, height)
			}
			at -= height
		}
	}
	for g, gateway := range world {
		p(`<rect class="s%d" x="%d" y="%d" width="12" height="12"/>`, g, plotRight+8, shareTop+8+g*24)
		p(`<text x="%d" y="%d">%s</text>`, plotRight+26, shareTop+19+g*24, gateway.name)
	}
}

func TestThePlotIsOfThisSimulation(t *testing.T) {
	drawn := plot(simulate(t, plotSeed))
	if *update {
		require.NoError(t, os.WriteFile(plotFile, []byte(drawn), 0o600))
	}
	kept, err := os.ReadFile(plotFile)
	require.NoError(t, err)
	require.Equal(t, string(kept), drawn, "the plot is out of date: go test ./internal/routing -run Plot -update")
}
