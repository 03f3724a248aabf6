// Package metrics is CloudWatch metrics for the sandbox: PutMetricData,
// ListMetrics, GetMetricStatistics and GetMetricData, held in memory by the
// gate itself. Alarms, dashboards, tags and everything else of CloudWatch stay
// with the control plane behind the gate; GetMetricWidgetImage and the Metrics
// Insights queries are refused by name.
//
// The gate calls it as an awsapi.Service, and Load fills it with history.
//
// # What is stored
//
// A metric is a namespace, a name and a set of dimensions. Each metric keeps,
// per unit, columns of samples: time, and either one value or a statistic set
// (sum, minimum, maximum, count) with, when the sender gave them, the values
// and how often each occurred. Samples are stored at whole minutes, or at
// whole seconds when the sender asked for StorageResolution 1.
//
// Nothing is rolled up or thrown away, but a query sees what CloudWatch would
// still have (GetMetricStatistics documentation): with a period below 60 s the
// last 3 hours, with a multiple of 60 s the last 15 days, of 300 s the last 63
// days, of 3600 s the last 455 days. Data points are counted from the start
// of the request rounded down to a minute, 5 minutes or an hour by the age of
// that start, not from the full hour.
//
// # What a statistic is
//
// CloudWatch does not publish how it computes percentiles; here they are exact.
// Order the N observations of a period. Then, with ranks from 1 to N:
//
//	pX          the observation of rank ceil(X/100 * N), p0 the smallest
//	X%:Y%       ranks above floor(X/100 * N) up to ceil(Y/100 * N)
//	X:Y         observations above X and up to Y
//	TM TS TC    mean, sum and number of the observations in such bounds
//	WM          mean after observations outside take the nearest value inside
//	            (for absolute bounds: the bound itself)
//	PR(X:Y)     share of the observations in absolute bounds, in percent
//	IQM         TM(25%:75%)
//
// tmX, wmX, tcX and tsX mean (:X%). As in CloudWatch, these have no data point
// for a period that holds a negative value or a statistic set whose
// distribution is unknown.
//
// # Where it decides for itself
//
//   - GetMetricData without a unit merges the units of a metric;
//     GetMetricStatistics gives a data point per unit.
//   - GetMetricData hands out pages also when the request holds expressions.
//   - TIME_SERIES has the Period of its query, otherwise the shortest period
//     of the request's metrics.
//
// Invariants: answers depend on the stored samples, the clock and the request
// only, never on map order; memory is bounded by Options.
package metrics
