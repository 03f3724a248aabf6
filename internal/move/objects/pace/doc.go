// Package pace says how fast objects are moved: how many are worked on at once
// (found out by trying, halved when a service asks to slow down), how many bytes
// and requests a second, and how much memory their bodies take.
//
// What it is not: it sends nothing and tries nothing again; the drivers do. It
// is called by objects, and told by the drivers when they were slowed down.
package pace
