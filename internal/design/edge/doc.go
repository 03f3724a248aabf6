// Package edge decides what stands before a workload and gives it its names:
// WAF, CloudFront, Global Accelerator, Shield, Route 53 and their kin.
//
// Web ACLs become policies early, so that the families of balancers and
// gateways find them by TargetOf; distributions and DNS come last, because
// they point at everything else. A record that points at a resource of the
// source points at its counterpart; whether and when the world asks the new
// zone is a matter of the cutover, not of the design. Package rules lists its
// Family.
package edge
