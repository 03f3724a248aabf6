// Package schema checks a resource body against Azure's published type
// definitions.
//
// It reads a reduced form of those definitions (property names, types, flags,
// enums, patterns) and says of a body what the resource provider would refuse:
// a property that does not exist and the nearest one that does, a required one
// that is missing, a wrong type, a value outside an enum, a pattern, a length or
// a range, an unknown discriminator. It also gives the body as a provider keeps
// it: canonical property names, nothing read-only, no nulls.
//
// It is not a validator of meaning: ids are not resolved here, and a type that
// is not in the file is not judged. The control package calls it before a
// write. A *Definitions is immutable after Load and safe for concurrent use.
package schema
