package catalog

import "strings"

// StorageClass says which access tier answers to a storage class of S3.
type StorageClass struct {
	S3 string
	// Tier is "Hot", "Cool", "Cold", "Archive" or "Premium".
	Tier string
	// MinDays is how long a blob must stay in the tier to avoid a fee.
	MinDays int
	// SingleZone classes keep data in one zone, as LRS does.
	SingleZone bool
	// RestoreFirst classes must be restored before anything can read them.
	RestoreFirst bool
	// NoArchiveOn are redundancies of accounts that have no archive tier.
	NoArchiveOn []string
	// Derived rows are our reading; Microsoft's table does not have them.
	Derived bool
	Note    string
}

// StorageClasses returns the table: Azure Architecture Center, "Compare
// storage on Azure and AWS" (2026-10-05); tiers and days, "Access tiers for
// blob data".
func (c *Catalog) StorageClasses() []StorageClass {
	noArchive := []string{"ZRS", "GZRS", "RA-GZRS"}
	return []StorageClass{
		{S3: "STANDARD", Tier: "Hot"},
		{S3: "INTELLIGENT_TIERING", Tier: "Hot", Derived: true, Note: "with a lifecycle rule on the last access"},
		{S3: "STANDARD_IA", Tier: "Cool", MinDays: 30},
		{S3: "ONEZONE_IA", Tier: "Cool", MinDays: 30, SingleZone: true, Derived: true},
		{S3: "GLACIER_IR", Tier: "Cold", MinDays: 90},
		{S3: "GLACIER", Tier: "Archive", MinDays: 180, RestoreFirst: true, NoArchiveOn: noArchive},
		{S3: "DEEP_ARCHIVE", Tier: "Archive", MinDays: 180, RestoreFirst: true, NoArchiveOn: noArchive},
		{S3: "REDUCED_REDUNDANCY", Tier: "Hot", SingleZone: true, Derived: true},
		{S3: "EXPRESS_ONEZONE", Tier: "Premium", SingleZone: true, Derived: true, Note: "block blobs in an account of their own"},
	}
}

// StorageClass returns the row of one class, in any case.
func (c *Catalog) StorageClass(s3 string) (StorageClass, bool) {
	for _, row := range c.StorageClasses() {
		if strings.EqualFold(row.S3, s3) {
			return row, true
		}
	}
	return StorageClass{}, false
}
