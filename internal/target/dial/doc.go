// Package dial tries connections from the machine that it runs on, for the
// check that both sides reach what they have to and nothing else.
//
// It is the target port's Dialer. It judges nothing: package connect does. A
// try opens one connection and closes it; nothing is authenticated or changed.
package dial
