// Package operations decides what watches, records and backs up a workload:
// CloudWatch, logs, CloudTrail, Config, Backup, budgets, and the services that
// look for threats and faults.
//
// Alarms become alert rules on what now stands for the thing they watch, so
// the rules run last. Metrics are translated by a table; an alarm whose metric
// has no counterpart is named, not dropped. Package rules lists its Family.
package operations
