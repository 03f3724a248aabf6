// Package expr is CloudWatch metric math: it parses the expression of a
// GetMetricData query and computes it over time series.
//
// Names follow the "Metric math syntax and functions" page of the CloudWatch
// user guide. Values are scalars (S), time series (TS) and arrays of time
// series (TS[]). Where the guide leaves a choice, this package decides so:
//
//   - two series are combined at the time stamps that both have; the result
//     has the longer of the two periods;
//   - a result that is no finite number (division by zero, logarithm of zero)
//     is a missing data point;
//   - STDDEV divides by the number of values, not by one less;
//   - an operator between two arrays is refused.
//
// It knows neither the store nor the API: the caller gives an Env with the
// other queries' values and the range. It is called by package metrics alone.
//
// Invariants: parsing is bounded in depth and never panics; evaluation is
// deterministic and leaves its inputs unchanged.
package expr
