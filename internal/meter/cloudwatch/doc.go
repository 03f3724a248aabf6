// Package cloudwatch measures the resources of an inventory by the metrics
// that AWS's services send to CloudWatch on their own, by those of the
// CloudWatch agent, and by metrics of one's own namespaces.
//
// Which metrics belong to a kind, and by which dimensions they are found,
// stands in the table files (table_*.go), with the facts of the services' own
// monitoring pages. A plan asks for each statistic once, GetMetricData answers
// in batches, and measurements are put together from what came: periods by the
// retention rules, gaps as they are, no data as no value.
//
// Every client in it reads only. A region, a batch or a metric that cannot be
// read is listed as unmeasured with AWS's own code; the rest goes on.
package cloudwatch
