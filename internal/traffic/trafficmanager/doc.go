// Package trafficmanager leads users by the weights of an Azure Traffic Manager
// profile that has the fronts of both sides as endpoints: the source's as
// external ones, the target's as Azure or external ones.
//
// How the endpoints were is kept in a tag of the profile. A profile is written
// whole, in one request; Resource Manager offers no condition for it, so two
// that lead one profile at the same moment are told apart only by what is read
// back. The package makes no profile and no endpoint: the design does.
package trafficmanager
