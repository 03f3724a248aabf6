// Package security decides identities, access, keys, secrets, certificates
// and configuration: IAM, KMS, Secrets Manager, Systems Manager, Certificate
// Manager, Cognito and their kin.
//
// A role that the workload assumes becomes a user-assigned identity. When all
// targets are put, its policies are worked out against the resources of the
// source and become role assignments: a built-in role where one grants
// exactly what the policies allow, a custom role otherwise. What the target
// would grant beyond that is listed and forbids the deployment until it is
// accepted by name: that is the identity proof.
//
// It moves no secret: bodies hold no value of one. Package rules lists its
// Family.
package security
