// Package accesslog writes one line per request in the format of the access
// logs of an AWS Application Load Balancer, so that whatever reads the load
// balancer's logs reads the shop's own as well, on either cloud.
//
// The fields and their order are those of the page "Access logs for your
// Application Load Balancer". Fields about things that are not there (TLS,
// target groups) hold "-", as they do in AWS.
package accesslog
