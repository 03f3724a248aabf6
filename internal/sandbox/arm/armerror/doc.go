// Package armerror is the error form of Azure Resource Manager.
//
// An answer that is not a success carries {"error":{"code","message","target",
// "details"}} and a status. The codes are Resource Manager's own, because
// clients decide by them. Every package of the Resource Manager sandbox returns
// this type; only the HTTP front writes it. It is not the product's error type
// (that is fault): it is what a cloud answers, so the texts start with a
// capital and end with a full stop as Azure's do.
package armerror
