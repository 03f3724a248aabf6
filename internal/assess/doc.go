// Package assess draws conclusions from inventory, graph and baseline: the
// names, secrets, certificates, licences, identities, monitors and clients of
// the workload, the skills it needs at the target, how ready each resource is,
// how complex the whole is, and how complete the picture. It also makes the
// questionnaire for what no tool can see, and reads its answers.
//
// The package is pure: the same inputs give the same assessment. It holds
// names of secrets, never their values.
package assess
