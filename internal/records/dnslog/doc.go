// Package dnslog reads DNS query logs: which name was asked for, by whom.
//
// It takes the JSON of Route 53 Resolver query logs (queries from inside a
// VPC), as files of S3 and as events of CloudWatch Logs, and the lines of the
// query logs of public hosted zones. Package records opens the files; package
// trail/residual, its only caller, says which resource a name is. Nothing here
// knows a cloud API.
package dnslog
