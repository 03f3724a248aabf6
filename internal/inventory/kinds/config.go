package kinds

import (
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/inventory"
)

// FromConfig converts a whole AWS Config item (of a snapshot, a history file,
// or BatchGetResourceConfig; AWS Config Developer Guide, "Components of a
// configuration item"). The first resource is the item's own; those that it
// nests follow. Account and region are the item's.
//
// An item that says that its resource was deleted has the mark Deleted, and
// what the item still knows. Relationships and the other facts of the item
// are attributes.
func (c *Converter) FromConfig(item map[string]any) ([]inventory.Resource, error) {
	head := configHead(item)
	if head.kind == "" {
		return nil, fault.Newf(fault.Invalid, "convert a configuration item without a resourceType")
	}
	if head.status == "ResourceNotRecorded" || head.status == "ResourceDeletedNotRecorded" {
		return nil, nil // AWS Config says of these that it knows nothing of them
	}
	at := Place{Account: cloud.Account(head.account), Region: cloud.Region(head.region)}
	if at.Region == "global" {
		at.Region = ""
	}
	if named, ok := ParseARN(head.arn); ok {
		at.Partition = named.Place.Partition
	}
	tree := head.tree()
	kind, _ := c.ConfigKind(head.kind)
	all, err := c.readAll(kind, at, tree, 0)
	if err != nil {
		return nil, err
	}
	own := &all[0]
	if head.region == "global" {
		own.Region = "global"
	}
	for name, value := range head.facts(item) {
		if own.Attributes == nil {
			own.Attributes = map[string]any{}
		}
		if _, known := own.Attributes[name]; !known {
			own.Attributes[name] = value
		}
	}
	if strings.HasPrefix(head.status, "ResourceDeleted") {
		for i := range all {
			all[i].Marks = union(all[i].Marks, []inventory.Mark{inventory.Deleted})
		}
	}
	return all, nil
}

// configItem is what is used of an item.
type configItem struct {
	kind, id, name, arn, account, region, zone, status string
	configuration, supplementary                       map[string]any
	tags                                               any
}

func configHead(item map[string]any) configItem {
	return configItem{
		kind: textAt(item, "resourceType"), id: textAt(item, "resourceId"), name: textAt(item, "resourceName"),
		arn: textAt(item, "arn"), account: textAt(item, "accountId") + textAt(item, "awsAccountId"),
		region: textAt(item, "awsRegion"), zone: textAt(item, "availabilityZone"), status: textAt(item, "configurationItemStatus"),
		configuration: objectAt(item, "configuration"), supplementary: objectAt(item, "supplementaryConfiguration"),
		tags: member(item, "tags"),
	}
}

// tree is the item's configuration with what stands beside it.
func (h configItem) tree() map[string]any {
	tree := cloneObject(h.configuration, 0)
	for name, v := range h.supplementary {
		if text, ok := v.(string); ok {
			if decoded, ok := inventory.Document(text); ok {
				v = decoded
			}
		}
		setMissing(tree, name, v)
	}
	if m, ok := h.tags.(map[string]any); ok && len(m) > 0 {
		tree["tags"] = m
	} else if l, ok := h.tags.([]any); ok && len(l) > 0 {
		tree["tags"] = l
	}
	if strings.HasPrefix(h.arn, "arn:") {
		setMissing(tree, "Arn", h.arn)
	}
	setMissing(tree, "ResourceId", h.id)
	setMissing(tree, "ResourceName", h.name)
	return tree
}

func setMissing(tree map[string]any, name string, v any) {
	if v == nil || v == "" || member(tree, name) != nil {
		return
	}
	tree[name] = v
}

// facts are what an item says beside its configuration.
func (h configItem) facts(item map[string]any) map[string]any {
	out := map[string]any{}
	if related, ok := member(item, "relationships").([]any); ok && len(related) > 0 {
		out["Relationships"] = tidy(clone(related, 0))
	}
	for name, from := range map[string]string{"ResourceCreationTime": "resourceCreationTime", "ConfigurationItemCaptureTime": "configurationItemCaptureTime"} {
		if s, ok := scalarText(member(item, from)); ok && s != "" {
			out[name] = s
		}
	}
	return out
}
