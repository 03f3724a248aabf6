// Package azure is the target driver for Azure Resource Manager. It uses the
// Azure SDK's own credential chain; the endpoint, the authority and the
// certificate authority come from the configuration, so the same code works
// against the public cloud, a sovereign one and the sandbox.
package azure
