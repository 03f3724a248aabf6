// Package compute decides what becomes of machines and of what stands in front
// of them: instances, images, volumes, launch templates, Auto Scaling groups
// and their policies, load balancers of every kind, batch environments.
//
// Machines are put at the stage Compute and balancers at the stage Edge, so a
// balancer's rule enters its pools into the interfaces and scale sets that are
// there already. Autoscale settings are put at the stage Operations, because
// they watch balancers too.
//
// It moves no disk and builds no image; it says which disks and images are
// needed. Package rules lists this family, and design.Make calls it.
package compute
