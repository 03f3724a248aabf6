// Package rules is the configuration of the proxy as a value, and the decision
// which side gets a request.
//
// It decodes YAML and JSON strictly (an unknown key is an error with its path
// and line), checks every value, and compiles routes. Decide is a pure
// function of the configuration and the request: two proxies that share a
// configuration send the same key to the same side and need no common state.
//
// It opens no connection, no file and no clock; package proxy does, and is its
// only caller besides tests.
//
// Always true: raising one side's weight at the cost of the others moves keys
// to that side only; a side of weight 0 gets none of a split.
package rules
