// Package metric is Azure Monitor's metrics API over loaded series.
//
// Nothing is measured here: a test or the sandbox loads points (Load), and the
// metrics and metricDefinitions answers are computed from them with the real
// API's time spans, intervals, aggregations and dimension filters.
//
// It is not a metrics store for production use: all points are in memory, with
// a bound. The Resource Manager sandbox calls it.
package metric
