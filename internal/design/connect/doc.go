// Package connect says which connections have to be tried before a cutover,
// from the graph and the design, and judges what was measured.
//
// For each dependency that has a port, all four ways are checked: both ends at
// the source, both at the target, and each end across. It opens no connection:
// the target port's dialer does, near each side.
package connect
