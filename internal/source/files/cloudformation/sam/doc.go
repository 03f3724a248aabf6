// Package sam expands the serverless application model
// (AWS::Serverless-2016-10-31): it turns the serverless resources of a
// template into the CloudFormation resources that the transform generates,
// under the logical ids that the transform gives them.
//
// Facts about the transform are those of the specification and of the list of
// generated resources in its public repository. Intrinsic functions stay in
// the tree; package cloudformation evaluates them afterwards. What is not
// expanded is named and stays a resource as it is written.
package sam
