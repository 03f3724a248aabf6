// Package arm is the Azure Resource Manager of the sandbox.
//
// Server is an http.Handler, to be served over TLS, that Azure's SDK clients
// work against unchanged: cloud metadata, Entra tokens, subscriptions,
// providers, resource groups, resources of every type at every scope, locks,
// tags, role assignments, long-running operations, template deployments with
// what-if, metrics, Key Vault secrets, and the sandbox's own admin calls below
// /_landfall/.
//
// This package is the HTTP front: it reads requests, asks the packages beneath
// it (control, deploy, entra, metric, vault), and writes answers in Resource
// Manager's forms. It decides nothing about resources. The supervisor starts it
// and hands it provisioners; the DNS server reads Profiles.
//
// Nothing is stored on disk: a new Server is an empty subscription. No bytes
// go anywhere but to the caller.
package arm
