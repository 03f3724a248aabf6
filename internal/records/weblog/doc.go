// Package weblog understands access logs line by line: application, network
// and classic load balancers, CloudFront standard logs, S3 server access logs,
// the common and combined log formats of web servers, and JSON lines.
//
// A Parser recognises the format by content, not by file name, and recognises
// anew when the lines change, because people concatenate logs. It opens no
// files: package records hands it lines. Who needs numbers per flow (KPIs) or
// edges (the graph) sums up the entries; a line that cannot be understood is
// an error for the caller to count, never a panic and never a silent skip.
package weblog
