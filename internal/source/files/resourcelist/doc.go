// Package resourcelist reads tables of resources: the CSV that Resource
// Explorer, Tag Editor or a CMDB exports. The columns are known by their names,
// in whichever order and spelling ("ARN", "Resource ARN", "Identifier",
// "Resource type", "Service", "Region", "AWS Account", "Name", "Tag: env");
// other columns are kept as attributes under their own names.
//
// A row says that something exists, and little else. One that does not tell
// which resource it means is refused with its line. Called by files.
package resourcelist
