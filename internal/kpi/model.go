package kpi

import (
	"time"

	"example.com/landfall/internal/cloud"
)

// Version is the schemaVersion of baseline.json.
const Version = 1

// Baseline is baseline.json. All lists are ordered, so that the same
// measurements in any order give the same bytes.
type Baseline struct {
	SchemaVersion int `json:"schemaVersion"`
	// Inputs are the fingerprints ("sha256:<hex>") of the files that were read,
	// by path as given; live reading has the name of the source.
	Inputs map[string]string `json:"inputs"`
	// Window covers the windows of all KPIs; nil when there is none.
	Window *Window `json:"window,omitempty"`
	KPIs   []KPI   `json:"kpis"`
	// Unmeasured is what should have been measured and was not.
	Unmeasured []Unmeasured `json:"unmeasured"`
	// Frozen is the fingerprint of all the rest, "" while it may still change.
	// It binds the comparison after the move to the numbers before it.
	Frozen string `json:"frozen,omitempty"`
}

// ArtefactVersion is the schemaVersion that the program writes and reads.
func (Baseline) ArtefactVersion() int { return Version }

// Window is a stretch of time in UTC; To is exclusive.
type Window struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// SubjectKind says what a KPI is about.
type SubjectKind string

// The kinds of subjects.
const (
	// Component is a resource of the inventory.
	Component SubjectKind = "component"
	// Flow is a kind of request that users send: method, host and route.
	Flow SubjectKind = "flow"
)

// Subject is what a KPI is about.
type Subject struct {
	Kind SubjectKind `json:"kind"`
	// ID is the resource's id, or the flow's: "<front> <METHOD> <host><route>".
	ID cloud.ResourceID `json:"id"`
	// Name is what people call it.
	Name string `json:"name"`
	// Front is, for a flow, the component that takes its requests, "" when it
	// is not known.
	Front cloud.ResourceID `json:"front,omitempty"`
}

// KPI is one metric of one subject from one source over one window.
type KPI struct {
	Subject Subject `json:"subject"`
	Metric  Metric  `json:"metric"`
	// Detail tells several of one metric apart: the operation of a table, the
	// name of a custom metric.
	Detail string `json:"detail,omitempty"`
	Unit   Unit   `json:"unit"`
	// Better says which way is better: "lower", "higher", "neither".
	Better Better `json:"better"`
	Source Source `json:"source"`
	Window Window `json:"window"`
	// PeriodSeconds is how finely was measured.
	PeriodSeconds int64 `json:"periodSeconds"`
	// Samples counts single observations: requests, reports of an agent.
	Samples int64 `json:"samples"`
	// Values has one entry per statistic, in a fixed order. It is empty when
	// nothing was observed: unknown, and not zero.
	Values []Value `json:"values"`
	// Unknown is why there is no value.
	Unknown string `json:"unknown,omitempty"`
	// Sparse metrics have no data point for a quiet period, so a gap may be
	// silence as well as blindness.
	Sparse bool `json:"sparse,omitempty"`
	// Coverage is the share of the periods that have data, 0 to 1; Stars the
	// confidence that follows: 5 above 80 %, then one less per 20 %, 0 for none.
	Coverage float64 `json:"coverage"`
	Stars    int     `json:"stars"`
	// Gaps are the stretches without data, cut to the first MaxGaps;
	// GapsOmitted counts the rest.
	Gaps        []Window `json:"gaps"`
	GapsOmitted int      `json:"gapsOmitted,omitempty"`
	// Lowest and Highest are the extreme observations and when they were made.
	Lowest  *Extreme `json:"lowest,omitempty"`
	Highest *Extreme `json:"highest,omitempty"`
	// Seasonality is nil when the window is too short to tell.
	Seasonality *Seasonality `json:"seasonality,omitempty"`
	// Series are the sufficient statistics per hour.
	Series *Series `json:"series,omitempty"`
	// Distribution is that of the single observations, nil when the source
	// gives none.
	Distribution *Sketch    `json:"distribution,omitempty"`
	Evidence     []Evidence `json:"evidence"`
}

// Value is one statistic of a KPI. Low and High are set when the value is not
// exact: the true one lies between them.
type Value struct {
	Statistic Statistic `json:"statistic"`
	Value     float64   `json:"value"`
	Low       *float64  `json:"low,omitempty"`
	High      *float64  `json:"high,omitempty"`
}

// Extreme is an observation and the period in which it was made.
type Extreme struct {
	Value float64   `json:"value"`
	At    time.Time `json:"at"`
}

// Source is where a measurement comes from.
type Source string

// The sources, in the order of preference for the same metric of a subject:
// a log counts each request, CloudWatch sums up, a probe sees its own load only.
const (
	AccessLog  Source = "access-log"
	CloudWatch Source = "cloudwatch"
	CostFile   Source = "cost-file"
	Probe      Source = "probe"
)

// Evidence is what a KPI was computed from.
type Evidence struct {
	// From names it: "AWS/RDS CPUUtilization DBInstanceIdentifier=db", a file.
	From string `json:"from"`
	// Note is what else to know: a message of the source, partial data.
	Note string `json:"note,omitempty"`
}

// Unmeasured is a metric that should be known of a subject and is not.
type Unmeasured struct {
	Subject cloud.ResourceID `json:"subject"`
	// Metric is "" when all of the subject's are concerned.
	Metric Metric `json:"metric,omitempty"`
	// Detail is the source's own name for it ("AWS/EC2 CPUUtilization").
	Detail string       `json:"detail,omitempty"`
	Source Source       `json:"source"`
	Region cloud.Region `json:"region,omitempty"`
	// Reason is one line: the kind of the error and the API's own code, or that
	// the source has no data.
	Reason string `json:"reason"`
}

// Measurement is what a driver of package meter found for one metric of one
// subject. Equal ones count once; each other becomes a KPI of its own.
type Measurement struct {
	Subject Subject
	Metric  Metric
	Detail  string
	Source  Source
	Window  Window
	Period  time.Duration
	// Bins are what the periods hold, in any order. A period without bin was
	// not measured; a bin with Count and Sum 0 says that nothing happened.
	Bins []Bin
	// Events says that Sum counts what happened in a period, so that the metric
	// is a rate; otherwise the bins hold observations of a height, a duration,
	// or (for a ratio) Sum cases among Count.
	Events bool
	// Distribution is that of all single observations, nil when it is not known.
	Distribution *Sketch
	// Quantiles are percentiles that the source computed itself, over
	// stretches of the window, for a source that gives no distribution.
	Quantiles []Quantile
	// Sparse says that the source has no data point for a quiet period.
	Sparse   bool
	Evidence []Evidence
	// Unknown is why there is nothing, for a measurement without bins.
	Unknown string
}

// Bin sums up the observations of one period.
type Bin struct {
	At time.Time
	// Count is the number of observations, Sum and SumSquares add them up.
	Count      int64
	Sum        float64
	SumSquares float64
	Min, Max   float64
}

// Quantile is a percentile over a stretch of time, as the source computed it
// from its own distribution. Count is how many observations it stands for.
type Quantile struct {
	Statistic Statistic
	Window    Window
	Count     int64
	Value     float64
}
