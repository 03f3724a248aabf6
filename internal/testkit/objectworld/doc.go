// Package objectworld is a bucket and a container in memory, for tests of what
// moves objects: they keep the promises of the two ports as the services do
// (conditions, checks on arrival, uncommitted blocks, pages, orders), tell what
// was asked of them, and fail where a test says so.
//
// What it is not: a server; the drivers are tested against those in objectkit.
package objectworld
