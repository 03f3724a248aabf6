// Package bookshop reads the sample workload for tests that need it whole: from
// an account that the sandbox seeded, as a live scan and the logs tell it, and
// from the CloudFormation template that describes the same workload. It judges
// nothing, and only tests call it.
package bookshop
