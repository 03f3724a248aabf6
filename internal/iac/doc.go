// Package iac prints a design as infrastructure code: one ARM template, Bicep
// with a module per tier, Terraform with azapi resources, the pipelines that
// deploy beside the existing ones, and a flag file for switching dependencies.
//
// All are printed from the same bodies, so they make the same resources. The
// package is pure: it takes a design and returns files, in a stable order and
// with stable bytes, and no secret ever stands in them. It does not decide,
// deploy or check anything. Callers: the verbs iac and deploy in package app.
package iac
