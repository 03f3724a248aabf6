// Package aws is the source driver for a live AWS account. It uses the AWS
// SDK's own credential chain and endpoints, so the same code reads a real
// account and the sandbox. Every client in it is behind an interface that
// holds reads only.
package aws
