// Package cfn holds the schemas of CloudFormation's kinds: which properties a
// kind has, of which type, which of them identify it, which cannot be read and
// which cannot be set.
//
// The facts are embedded in schemas.jsonl.gz, a compact form of the
// CloudFormation registry schemas for us-east-1 as packaged with cfn-lint
// 1.58.0 (licence MIT-0). generate_test.go makes that file from the folder of
// schemas. The package does no I/O and keeps no state: Load returns a catalog
// that decodes a kind when it is first asked for.
package cfn
