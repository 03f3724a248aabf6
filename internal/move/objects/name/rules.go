package name

// RuleID names one rule. The ids stand in manifests and in
// docs/reference/object-names.md; they do not change.
type RuleID string

// The rules.
const (
	KeyEmpty        RuleID = "key-empty"
	KeyOutside      RuleID = "key-outside"
	KeyLong         RuleID = "key-long"
	KeySegments     RuleID = "key-segments"
	KeyControl      RuleID = "key-control"
	KeyUTF8         RuleID = "key-utf8"
	KeyPrivate      RuleID = "key-private-use"
	KeyNoncharacter RuleID = "key-noncharacter"
	KeySpecial      RuleID = "key-special"
	KeyBackslash    RuleID = "key-backslash"
	KeyDots         RuleID = "key-dots"
	KeyDotEnd       RuleID = "key-dot-end"
	KeyEmptySegment RuleID = "key-empty-segment"
	KeyFolder       RuleID = "key-folder-content"
	KeyBelow        RuleID = "key-below-object"
	KeyEscape       RuleID = "key-escape"

	ContainerLength    RuleID = "container-length"
	ContainerChars     RuleID = "container-characters"
	ContainerDashes    RuleID = "container-dashes"
	ContainerCollision RuleID = "container-collision"

	MetadataName      RuleID = "metadata-name"
	MetadataDuplicate RuleID = "metadata-duplicate"
	MetadataReserved  RuleID = "metadata-reserved"
	MetadataValue     RuleID = "metadata-value"
	MetadataSize      RuleID = "metadata-size"
	MetadataHidden    RuleID = "metadata-hidden"

	TagCount       RuleID = "tag-count"
	TagChars       RuleID = "tag-characters"
	TagLength      RuleID = "tag-length"
	TagUnsupported RuleID = "tag-unsupported"

	HeaderExpires  RuleID = "header-expires"
	HeaderRedirect RuleID = "header-redirect"
	HeaderValue    RuleID = "header-value"
	HeaderChunked  RuleID = "header-aws-chunked"

	TierUnknown RuleID = "tier-unknown"
	TierArchive RuleID = "tier-no-archive"
	TierPremium RuleID = "tier-premium"
	TierZone    RuleID = "tier-single-zone"
	TierAccess  RuleID = "tier-by-access"
)

// Rule is one row of the table: what Azure does not hold, who says so, and what
// happens under each mode.
type Rule struct {
	ID   RuleID
	Text string
	// Source is the title of the page, or the report, that the rule rests on.
	Source                string
	Exclude, Rename, Fail string
	// Hierarchical rules hold only for accounts with a hierarchical namespace.
	Hierarchical bool
}

const (
	pageNames    = `Microsoft, "Naming and Referencing Containers, Blobs, and Metadata"`
	pageMetadata = `Microsoft, "Setting and retrieving properties and metadata for Blob service resources"`
	pageTags     = `Microsoft, "Set Blob Tags"`
	pageTiers    = `Microsoft, "Access tiers for blob data"`
	pageCompare  = `Azure Architecture Center, "Compare storage on Azure and AWS"`
	pageS3Meta   = `AWS, "Working with object metadata"`

	doNotCopied = "not copied, listed"
	doEnds      = "the run ends"
	doEscaped   = "escaped"
	doLeftOff   = "left off, listed"
	doRefused   = "object not copied, listed"
	doListed    = "copied, listed"
)

// Rules is the whole table, in the order of the document.
func Rules() []Rule {
	rules := keyRules()
	rules = append(rules, containerRules()...)
	rules = append(rules, metadataRules()...)
	return append(rules, headerRules()...)
}

// RuleOf returns the row of a rule.
func RuleOf(id RuleID) (Rule, bool) {
	for _, r := range Rules() {
		if r.ID == id {
			return r, true
		}
	}
	return Rule{}, false
}

func ruleText(id RuleID) string {
	r, _ := RuleOf(id)
	return r.Text
}

func keyRules() []Rule {
	key := func(id RuleID, text, source string) Rule {
		return Rule{ID: id, Text: text, Source: source, Exclude: doNotCopied, Rename: doEscaped, Fail: doEnds}
	}
	never := func(r Rule) Rule { r.Rename = doNotCopied; return r }
	folders := func(r Rule) Rule { r.Hierarchical = true; return r }
	return []Rule{
		never(key(KeyEmpty, "nothing is left of the key without the prefix of the source", pageNames)),
		never(key(KeyOutside, "the key does not begin with the prefix of the source", "the command's own arguments")),
		never(key(KeyLong, "the name has more than 1,024 characters (S3 counts 1,024 bytes, so that a target prefix or the renaming makes it so)", pageNames)),
		key(KeySegments, "the name has more path segments than 254, or than 63 with account and container in an account with a hierarchical namespace", pageNames),
		key(KeyControl, "control characters (U+0000 to U+001F, U+007F to U+009F) cannot stand in a name", pageNames),
		key(KeyUTF8, "the key is not valid UTF-8, in which names are sent", pageNames),
		key(KeyPrivate, "private-use code points such as U+E000 cannot stand in a name", pageNames+`; reported: Azure/azure-storage-node issue 385 (U+F003 is answered with 400)`),
		key(KeyNoncharacter, "noncharacters (U+FDD0 to U+FDEF, and the last two of each plane but the first) cannot stand in a URL", pageNames+`, by RFC 3987, section 2.2`),
		key(KeySpecial, "U+FFF0 to U+FFFD cannot stand in a URL", pageNames+`, by RFC 3987, section 2.2; reported: Azure/azure-cli issue 24623 (U+FFFD is answered with 400)`),
		key(KeyBackslash, "the service turns a backslash into a slash", pageNames+`; reported: versity/versitygw issue 845`),
		key(KeyDots, `a segment that is "." or ".." is resolved away as in any URL`, `RFC 3986, section 5.2.4; reported: Azure/azure-storage-net issue 991`),
		key(KeyDotEnd, "no segment may end with a dot: it is dropped", pageNames+`; reported: Azure/azure-storage-azcopy issue 957`),
		folders(key(KeyEmptySegment, "a folder needs a name: a slash at the beginning, or two in a row, name none", pageNames)),
		folders(key(KeyFolder, "a key that ends with a slash is a folder, which holds no content of its own", `Microsoft, "Azure Data Lake Storage hierarchical namespace"`)),
		never(folders(key(KeyBelow, "a shorter key is an object, and what is called so cannot be a folder as well", `Microsoft, "Azure Data Lake Storage hierarchical namespace"`))),
		{ID: KeyEscape, Text: `the key contains "~x" and two upper-case hexadecimal digits, which is what the renaming writes`, Source: "the scheme itself", Exclude: "keeps its name", Rename: doEscaped, Fail: "keeps its name"},
	}
}

func containerRules() []Rule {
	bucket := func(id RuleID, text, rename string) Rule {
		return Rule{ID: id, Text: text, Source: pageNames, Exclude: "bucket not copied, listed", Rename: rename, Fail: doEnds}
	}
	return []Rule{
		bucket(ContainerLength, "a container's name has 3 to 63 characters", "bucket not copied, listed"),
		bucket(ContainerChars, "a container's name has lower-case letters, digits and hyphens only", "a dot and an underscore become a hyphen, capitals small letters"),
		bucket(ContainerDashes, "hyphens stand one at a time, between letters or digits", `n hyphens in a row become "-n-", those at the ends go`),
		{ID: ContainerCollision, Text: "two buckets would have one container", Source: "the scheme itself", Exclude: "neither is copied, both are listed", Rename: "neither is copied, both are listed", Fail: doEnds},
	}
}

func metadataRules() []Rule {
	part := func(id RuleID, text, source, rename string) Rule {
		return Rule{ID: id, Text: text, Source: source, Exclude: doLeftOff, Rename: rename, Fail: doRefused}
	}
	return []Rule{
		part(MetadataName, "a metadata name is a C# identifier of ASCII: letters, digits, underscore, no digit first", pageMetadata, `escaped with "_x"`),
		part(MetadataDuplicate, "case does not count in metadata names, and none stands twice", pageMetadata+"; "+pageS3Meta, "values joined with a comma, as S3 does"),
		part(MetadataReserved, `"landfall" is the mark of a copy, and "hdi_isfolder" makes a folder of a blob`, `the mark; reported: apache/arrow pull request 39361`, `escaped with "_x"`),
		part(MetadataValue, "a value is printable ASCII, as in any HTTP header", pageMetadata, "encoded as RFC 2047 says, the form in which S3 answers such values"),
		part(MetadataSize, "names and values have 8 KiB together", pageMetadata, doLeftOff),
		part(MetadataHidden, "S3 holds metadata that it cannot answer in headers (x-amz-missing-meta)", pageS3Meta, doLeftOff),
		part(TagCount, "a blob has at most 10 index tags", pageTags, doLeftOff),
		part(TagChars, "tags have ASCII letters, digits, space and + - . / : = _ only; S3 takes all letters and @ as well", pageTags, `escaped with "_x"`),
		part(TagLength, "a tag's name has 1 to 128 characters, its value up to 256", pageTags, doLeftOff),
		{ID: TagUnsupported, Text: "accounts with a hierarchical namespace have no index tags", Source: `Microsoft, "Blob Storage feature support in Azure Storage accounts"`, Exclude: doLeftOff, Rename: doLeftOff, Fail: doRefused, Hierarchical: true},
	}
}

func headerRules() []Rule {
	header := func(id RuleID, text, source string) Rule {
		return Rule{ID: id, Text: text, Source: source, Exclude: doLeftOff, Rename: doLeftOff, Fail: doRefused}
	}
	always := func(id RuleID, text, source string) Rule {
		return Rule{ID: id, Text: text, Source: source, Exclude: doListed, Rename: doListed, Fail: doListed}
	}
	return []Rule{
		header(HeaderExpires, "a blob has no Expires header; Cache-Control is the one that is kept", `Microsoft, "Set Blob Properties"`),
		header(HeaderRedirect, "a blob has no website redirect location", `Microsoft, "Set Blob Properties"`),
		header(HeaderValue, "a content header is printable ASCII", pageMetadata),
		always(HeaderChunked, `"aws-chunked" is how the object was sent, not how it is stored: it goes, other encodings stay`, `AWS, "Signature calculations: transferring payload in multiple chunks"`),
		always(TierUnknown, "the storage class has no tier that is known: the account's default is used", pageCompare),
		always(TierArchive, "accounts with ZRS, GZRS and RA-GZRS have no archive tier: Cold is used", pageTiers),
		always(TierPremium, "accounts of premium block blobs have no tiers", pageTiers),
		always(TierZone, "the class keeps one zone only, as an account with LRS does; this one does not", pageCompare),
		always(TierAccess, "the class follows the last access; an account does so by a lifecycle rule only", pageCompare),
	}
}
