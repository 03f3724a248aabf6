package name_test

import (
	"bytes"
	"flag"
	"fmt"
	"strings"
	"testing"

	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/move/objects/name"
	"example.com/landfall/internal/testkit"
)

// -update rewrites the page.
var _ = flag.Bool("update", false, "rewrite the generated page")

// The table has each rule once, with all that the page needs.
func TestRulesAreWhole(t *testing.T) {
	t.Parallel()
	seen := map[name.RuleID]bool{}
	for _, r := range name.Rules() {
		if seen[r.ID] {
			t.Errorf("%s stands twice", r.ID)
		}
		seen[r.ID] = true
		for what, text := range map[string]string{"id": string(r.ID), "text": r.Text, "source": r.Source, "exclude": r.Exclude, "rename": r.Rename, "fail": r.Fail} {
			if text == "" || strings.ContainsAny(text, "|\n") {
				t.Errorf("%s: %s is %q", r.ID, what, text)
			}
		}
		if family, _, ok := strings.Cut(string(r.ID), "-"); !ok || section(family) == "" {
			t.Errorf("%s belongs to no section", r.ID)
		}
		if again, ok := name.RuleOf(r.ID); !ok || again != r {
			t.Errorf("%s is not found", r.ID)
		}
	}
	if _, ok := name.RuleOf("none"); ok {
		t.Error("a rule that is none is found")
	}
}

func section(family string) string {
	return map[string]string{"key": "Keys", "container": "Buckets", "metadata": "Metadata", "tag": "Tags", "header": "Content headers", "tier": "Storage classes"}[family]
}

func TestObjectNamesReferenceIsFresh(t *testing.T) {
	t.Parallel()
	testkit.Golden(t, "../../../../docs/reference/object-names.md", reference(t))
}

func reference(t *testing.T) []byte {
	var b bytes.Buffer
	b.WriteString(`# Names of objects

What an S3 object is called in Azure Blob Storage, and what Azure cannot hold. Nothing is dropped in silence: what breaks a rule
stands in the manifest with the name of the rule. The modes are those of the options for keys, metadata (with content headers) and tags;
"exclude" is the default of each. Printed from the rules; a test keeps it fresh.

## What stays as it is

A blob keeps the key as its name, byte for byte: slashes at the beginning, at the end and in a row (in accounts without a hierarchical
namespace), blanks, "+", "?", "#", "%" with whatever follows, capitals, composed and decomposed letters (NFC and NFD are two names),
U+FFFE and U+FFFF (Microsoft, "List Blobs": percent-encoded in listings since version 2021-02-12). A marker of a folder, which
has no content and a slash at its end, is a blob like any other; where the namespace is hierarchical it becomes the folder.

## How keys are renamed

Each byte that breaks a rule becomes "~x" and two upper-case hexadecimal digits. A "~" before what looks like such an escape does, too.
No two keys have one name, and each name leads back to its key. Examples:

| key | name |
| --- | --- |
`)
	m := mapper(t, name.Policy{Keys: name.Rename})
	for _, key := range []string{"a/b", "a/b.", "a/../b", "a\\b", "a\r", "caf\u00e9 1+1.txt", "~x41"} {
		got, refused := m.Blob(key, 1)
		if refused != nil {
			t.Fatal(refused.Err())
		}
		fmt.Fprintf(&b, "| `%s` | `%s` |\n", strings.Trim(fmt.Sprintf("%+q", key), `"`), got.Name)
	}
	last := ""
	for _, r := range name.Rules() {
		family, _, _ := strings.Cut(string(r.ID), "-")
		if title := section(family); title != last {
			fmt.Fprintf(&b, "\n## %s\n\n| rule | what | exclude | rename | fail | rests on |\n| --- | --- | --- | --- | --- | --- |\n", title)
			last = title
		}
		text := r.Text
		if r.Hierarchical {
			text += " (hierarchical namespace only)"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", r.ID, text, r.Exclude, r.Rename, r.Fail, r.Source)
	}
	writeTiers(t, &b)
	b.WriteString(`
## Compared with AzCopy

AzCopy leaves out keys that end with a dot, with a line in its log. Of invalid metadata it keeps the value under "rename_" and the name
under "rename_key_" (` + "`--s2s-handle-invalid-metadata`" + `, where leaving it out is the default). A bucket's dots become hyphens, n hyphens in a row "-n-",
as here; buckets that would share a container get "-2", "-3" in the order in which they are met, and here both are refused.
`)
	return b.Bytes()
}

func writeTiers(t *testing.T, b *bytes.Buffer) {
	t.Helper()
	b.WriteString(`
Where each class goes. The days are how long a blob must stay in its tier to avoid the fee for early deletion; they begin anew at the
target, whatever the age of the object. Archived classes must be restored at the source before they can be read.

| class | tier | with ZRS or GZRS | days | restore first |
| --- | --- | --- | --- | --- |
`)
	local, zones := mapper(t, name.Policy{Account: name.Account{Redundancy: "LRS"}}), mapper(t, name.Policy{Account: name.Account{Redundancy: "ZRS"}})
	var facts catalog.Catalog
	for _, row := range facts.StorageClasses() {
		one, other := local.Tier(row.S3), zones.Tier(row.S3)
		days, restore := "", ""
		if one.MinDays > 0 {
			days = fmt.Sprint(one.MinDays)
		}
		if one.Restore {
			restore = "yes"
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", row.S3, one.Name, other.Name, days, restore)
	}
}
