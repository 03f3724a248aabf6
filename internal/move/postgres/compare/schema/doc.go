// Package schema reads the catalogue of a database into objects that read the
// same on every server that has the same schema: names instead of OIDs, text that
// does not depend on search_path, defaults left out, so that what a version added
// and nobody set does not show. Two catalogues are compared object by object.
//
// What it is not: it reads no rows and no last values of sequences, and changes
// nothing. Options of foreign servers, user mappings and subscriptions are kept as
// names and a digest: they may hold passwords.
//
// Called by compare.
package schema
