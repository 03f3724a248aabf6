package snapshot

import "example.com/landfall/internal/source/files/document"

// bareHead is how much of a file is looked at to tell whether it holds items
// and nothing around them. The configuration of an item, which may be longer,
// is not always its last member.
const bareHead = 256 << 10

// isBare reports whether the JSON texts of a file are configuration items
// themselves: one item that was cut out of a snapshot, or one on each line.
func isBare(d *document.Document) bool {
	head, err := d.Head(bareHead)
	if err != nil && len(head) == 0 {
		return false
	}
	sample := document.Bytes("", head, d.Limits())
	text, err := sample.Text()
	if err != nil {
		return false
	}
	defer func() { _ = text.Close() }() // it was only read
	j := sample.JSON(text)
	if !j.Next() {
		return false
	}
	if kind, _, err := j.Open(); err != nil || kind != document.Object {
		return false
	}
	return item(j)
}

// item reads on until the members seen are those of an item.
func item(j *document.JSON) bool {
	seen := map[string]bool{}
	for j.Next() {
		name, err := j.Name()
		if err != nil {
			return false
		}
		seen[name] = true
		if Item(func(name string) bool { return seen[name] }) {
			return true
		}
		if err := j.Skip(); err != nil {
			return false
		}
	}
	return false
}

// Item reports whether an object with these members is a configuration item
// (AWS Config API reference, ConfigurationItem).
func Item(has func(name string) bool) bool {
	return has("resourceType") && (has("resourceId") || has("arn") || has("ARN")) && (has("configuration") || has("configurationItemStatus"))
}
