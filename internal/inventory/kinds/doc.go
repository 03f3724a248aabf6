// Package kinds brings what was read of a source resource into its canonical
// form: CloudFormation's kind and property names, one resource per thing, an
// ID that is the same whichever way it was read.
//
// Most of it is driven by the CloudFormation schemas of package catalog/cfn: a
// name of an API answer, an AWS Config item or a Terraform attribute is the
// property of the same name when case and underscores are left out. What
// differs from that is said by a Rule per kind, in files named after the
// service (ec2.go, rds.go, ...).
//
// The package does no I/O. Values that look like secrets do not leave it: see
// Redact. Called by the drivers of package source.
package kinds
