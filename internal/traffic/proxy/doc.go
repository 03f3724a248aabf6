// Package proxy is the façade of the strangler pattern: it takes the requests
// of a workload and hands each to a side, source or target, by route, cohort
// or weight, so that the workload moves component by component.
//
// The configuration is a value (package rules). It is swapped as a whole; a
// request ends under the one it began under. Packages below it: rules decides,
// pool sends, shadow compares copies, accesslog tells. This package connects
// them with the standard library's HTTP server and reverse proxy, and answers
// the admin API.
//
// It is no gateway: it knows no users, caches nothing, rewrites no paths and no
// bodies. It never sends a request to the other side because the first one is
// down: that one may be fenced off from writes. Package wire builds it for
// "landfall proxy".
package proxy
