package cloudwatch

import (
	"time"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/kpi"
)

// how says what the statistics of a metric become.
type how int

const (
	// level: a height that is sampled; minimum, mean and maximum of each period.
	level how = iota
	// counter: the sum of a period counts things.
	counter
	// volume: the sum of a period is an amount (bytes) of unknown pieces.
	volume
	// duration: like level, with CloudWatch's own percentiles.
	duration
	// quotient: the sum of the cases over the sum of the base; a share, or the
	// mean time of an operation.
	quotient
	// weighted: a rate that CloudWatch gives in percent, weighted by the base.
	weighted
	// complement: one minus a metric that is 1 when something is wrong.
	complement
	// healthy: a metric that is 1 when all is well.
	healthy
)

// spec is one KPI of a kind and the metrics it is made of.
type spec struct {
	metric kpi.Metric
	detail string
	how    how
	// namespace overrides that of the family.
	namespace string
	// names of the metric; of a quotient, the cases, which are added.
	names []string
	base  []string
	// scale turns the metric's unit into the KPI's; 0 means 1.
	scale float64
	// sparse: the service sends no data point for zero.
	sparse bool
	// optional: often not there, and then nothing is amiss.
	optional bool
	// native is how often the service sends it, when that is less often than
	// every five minutes.
	native time.Duration
	// extra dimensions besides those of the resource.
	extra []dimension
}

type dimension struct{ name, value string }

// target is one set of dimensions under which a resource sends metrics.
type target struct {
	dimensions []dimension
	detail     string
}

// family is what the resources of one or several kinds send.
type family struct {
	kinds     []cloud.Kind
	namespace string
	// targets finds the dimensions; none means that the inventory does not
	// tell them, which is said.
	targets func(w *world, r *inventory.Resource) []target
	specs   func(r *inventory.Resource) []spec
	// region, where the metrics are not in the resource's own.
	region cloud.Region
	// missing says what the inventory lacks when there are no targets; "" means
	// that this resource sends none.
	missing string
}

func gauge(metric kpi.Metric, name string) spec {
	return spec{metric: metric, how: level, names: []string{name}}
}

func count(metric kpi.Metric, name string) spec {
	return spec{metric: metric, how: counter, names: []string{name}}
}

func amount(metric kpi.Metric, name string) spec {
	return spec{metric: metric, how: volume, names: []string{name}}
}

func timed(metric kpi.Metric, name string, scale float64) spec {
	return spec{metric: metric, how: duration, names: []string{name}, scale: scale}
}

func over(metric kpi.Metric, base string, cases ...string) spec {
	return spec{metric: metric, how: quotient, names: cases, base: []string{base}}
}

func (s spec) quiet() spec              { s.sparse = true; return s }
func (s spec) maybe() spec              { s.optional = true; return s }
func (s spec) as(detail string) spec    { s.detail = detail; return s }
func (s spec) by(scale float64) spec    { s.scale = scale; return s }
func (s spec) in(ns string) spec        { s.namespace = ns; return s }
func (s spec) with(d ...dimension) spec { s.extra = d; return s }
func (s spec) daily() spec              { s.native = 24 * time.Hour; return s }
func (s spec) every(d time.Duration) spec {
	s.native = d
	return s
}

// millisecond and percent are scales.
const (
	millisecond = 0.001
	percent     = 0.01
	mebibyte    = 1 << 20
)

func plain(list ...spec) func(*inventory.Resource) []spec {
	return func(*inventory.Resource) []spec { return list }
}

// families is the whole table.
func families() []family {
	var all []family
	for _, part := range [][]family{computeFamilies(), balancerFamilies(), networkFamilies(), databaseFamilies(), storageFamilies(), integrationFamilies(), gatewayFamilies()} {
		all = append(all, part...)
	}
	return all
}
