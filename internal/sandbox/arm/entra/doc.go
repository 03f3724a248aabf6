// Package entra is the token service of the Azure sandbox.
//
// It stands in for Microsoft Entra ID as far as service principals need it:
// the client credentials grant with a secret, or with a federated assertion
// when that is switched on, OpenID discovery, instance discovery and the key
// set, and it judges the bearer tokens that come back. Errors have Entra's own
// form and codes (AADSTS...).
//
// It is no directory: there is one tenant, one application and one principal.
// The Resource Manager sandbox mounts Handler and calls Judge for each request.
// The signing key is made at start and kept in memory only.
package entra
