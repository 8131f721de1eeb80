package bench

import (
	"fmt"
	"html/template"
	"io"
	"math"
	"slices"
)

// The plot's size in pixels, and what is left for words.
const (
	plotWidth, plotHeight                    = 760.0, 420.0
	plotLeft, plotRight, plotTop, plotBottom = 70.0, 110.0, 40.0, 60.0
)

// plot is what the template draws.
type plot struct {
	Width, Height                            float64
	Left, Right, Top, Bottom, Middle, TitleY float64
	Title, XTitle, YTitle, Foot              string
	XTicks, YTicks                           []tick
	Lines                                    []plotLine
}

type tick struct {
	At    float64
	Label string
}

type plotLine struct {
	Name, Colour, Path string
	Points             []point
	EndX, EndY         float64
}

type point struct {
	X, Y  float64
	Label string
}

// curves are what is drawn: each tells itself apart by its name at its end, not by colour alone.
var curves = []struct {
	name, colour string
	of           func(*Report) float64
}{
	{"final p99", "#a3341f", func(r *Report) float64 { return r.Final.P99 }},
	{"final p50", "#d98a2b", func(r *Report) float64 { return r.Final.P50 }},
	{"accepted p99", "#1f5fa3", func(r *Report) float64 { return r.Accepted.P99 }},
	{"accepted p50", "#5aa3d9", func(r *Report) float64 { return r.Accepted.P50 }},
}

// Plot draws latency, on a logarithmic scale, against the load of runs of one workload, as SVG.
func Plot(out io.Writer, runs []*Report) error {
	if len(runs) < 2 {
		return fmt.Errorf("draw latency against load: %d runs, not 2 or more", len(runs))
	}
	runs = slices.SortedFunc(slices.Values(runs), func(a, b *Report) int { return int(a.PerSecond - b.PerSecond) })
	most, low, high := 0.0, math.Inf(1), 0.0
	for _, r := range runs {
		most = max(most, r.PerSecond)
		for _, c := range curves {
			if v := c.of(r); v > 0 {
				low, high = min(low, v), max(high, v)
			}
		}
	}
	if high == 0 || most == 0 {
		return fmt.Errorf("draw latency against load: nothing was timed")
	}
	from, to := math.Floor(math.Log10(low)), math.Ceil(math.Log10(high))
	if from == to {
		to++
	}
	x := func(v float64) float64 { return plotLeft + v/most*(plotWidth-plotLeft-plotRight) }
	y := func(v float64) float64 {
		return plotHeight - plotBottom - (math.Log10(v)-from)/(to-from)*(plotHeight-plotTop-plotBottom)
	}
	p := plot{
		Width: plotWidth, Height: plotHeight, Left: plotLeft, Right: plotWidth - plotRight, Top: plotTop, Bottom: plotHeight - plotBottom,
		Middle: (plotLeft + plotWidth - plotRight) / 2, TitleY: plotTop - 16,
		Title: fmt.Sprintf("%s: latency against load, %d validators", runs[0].Workload, runs[0].Validators), XTitle: "transfers a second", YTitle: "ms",
		Foot: fmt.Sprintf("%d cores for all validators and the load; one verification %.0f us with all cores busy; fsync %.0f us",
			runs[0].Calibration.Cores, runs[0].Calibration.VerifyBusyMicros, runs[0].Calibration.FsyncMicros),
	}
	for e := from; e <= to; e++ {
		p.YTicks = append(p.YTicks, tick{y(math.Pow(10, e)), fmt.Sprintf("%g", math.Pow(10, e))})
	}
	for i := range 5 {
		v := most * float64(i) / 4
		p.XTicks = append(p.XTicks, tick{x(v), fmt.Sprintf("%.0f", v)})
	}
	for _, c := range curves {
		line := plotLine{Name: c.name, Colour: c.colour}
		for _, r := range runs {
			if v := c.of(r); v > 0 {
				at := point{x(r.PerSecond), y(v), fmt.Sprintf("%s %.1f ms at %.0f/s", c.name, v, r.PerSecond)}
				line.Points, line.EndX, line.EndY = append(line.Points, at), at.X+8, at.Y+4
				line.Path += fmt.Sprintf("%.1f,%.1f ", at.X, at.Y)
			}
		}
		if len(line.Points) > 0 {
			p.Lines = append(p.Lines, line)
		}
	}
	spread(p.Lines)
	if err := plotTemplate.Execute(out, p); err != nil {
		return fmt.Errorf("draw latency against load: %w", err)
	}
	return nil
}

// spread moves names apart that would be written over each other.
func spread(lines []plotLine) {
	const apart = 14.0
	slices.SortFunc(lines, func(a, b plotLine) int { return int(a.EndY - b.EndY) })
	for i := 1; i < len(lines); i++ {
		lines[i].EndY = max(lines[i].EndY, lines[i-1].EndY+apart)
	}
}

var plotTemplate = template.Must(template.New("plot").Parse(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {{.Width}} {{.Height}}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="#fff"/>
<text x="{{.Left}}" y="{{.TitleY}}" font-size="15">{{.Title}}</text>
{{range .YTicks}}<line x1="{{$.Left}}" x2="{{$.Right}}" y1="{{.At}}" y2="{{.At}}" stroke="#ddd"/><text x="{{$.Left}}" dx="-8" y="{{.At}}" dy="4" text-anchor="end">{{.Label}}</text>
{{end}}{{range .XTicks}}<text x="{{.At}}" y="{{$.Bottom}}" dy="18" text-anchor="middle">{{.Label}}</text>
{{end}}<text x="{{.Middle}}" y="{{.Bottom}}" dy="36" text-anchor="middle">{{.XTitle}}</text>
<text x="{{.Left}}" dx="-8" y="{{.Top}}" dy="-6" text-anchor="end">{{.YTitle}}</text>
{{range .Lines}}<polyline points="{{.Path}}" fill="none" stroke="{{.Colour}}" stroke-width="2"/>
{{$c := .Colour}}{{range .Points}}<circle cx="{{.X}}" cy="{{.Y}}" r="3.5" fill="{{$c}}"><title>{{.Label}}</title></circle>
{{end}}<text x="{{.EndX}}" y="{{.EndY}}" fill="{{.Colour}}">{{.Name}}</text>
{{end}}<text x="{{.Left}}" y="{{.Height}}" dy="-8" font-size="10" fill="#555">{{.Foot}}</text>
</svg>
`))
