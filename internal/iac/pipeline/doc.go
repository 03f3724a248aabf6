// Package pipeline writes the delivery to Azure beside the one to AWS.
//
// It looks for pipelines in an application's checkout (GitHub Actions, GitLab
// CI, CodeBuild and CodePipeline, Jenkins), reads which steps deliver to AWS,
// and writes new files: a dual-target pipeline that takes the same commit to
// Azure once AWS has it, with a parity check, and the later one that delivers
// to Azure alone. Pipelines log in with short-lived tokens of their own system;
// no secret is stored.
//
// It never changes a file of the checkout: what has to be changed there is a
// patch that a person applies. It is pure and runs nothing. Caller: package iac.
package pipeline
