// Package vault is the data plane of Key Vault for secrets.
//
// The real one has a host per vault; the sandbox serves every vault below a
// path of its own, and vaultUri points there. It keeps secrets with their
// versions and attributes in memory, with soft delete, recovery and purge in
// the smallest form that clients need. Keys and certificates are refused by
// name.
//
// The Resource Manager sandbox mounts Handler after it has judged the token and
// asks the control plane whether the vault exists. Values never leave this
// package but in the answer to a GET of a secret.
package vault
