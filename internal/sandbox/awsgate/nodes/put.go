package nodes

import (
	"fmt"
	"time"

	"example.com/landfall/internal/sandbox/awsgate/awsapi"
)

const (
	maxItems       = 30      // InventoryItemList
	maxCustomTypes = 20      // custom inventory types of an account
	maxAttributes  = 50      // InventoryItemAttributeList
	maxTotalBytes  = 1 << 20 // inventory of one node in one call
)

// put is PutInventory. All items are checked before any is stored. An item
// whose ContentHash is the one stored does not change what is stored.
func (s *Service) put(params map[string]any) (map[string]any, error) {
	id := awsapi.String(params, "InstanceId")
	n := s.nodes[id]
	if n == nil {
		return nil, refuse("InvalidInstanceId", "instance %q is no managed node", id)
	}
	sent := awsapi.Maps(params, "Items")
	if len(sent) == 0 || len(sent) > maxItems {
		return nil, refuse("ValidationException", "parameter Items must have 1 to %d members", maxItems)
	}
	fresh := map[string]*item{}
	total := 0
	for _, one := range sent {
		name := awsapi.String(one, "TypeName")
		if fresh[name] != nil {
			return nil, refuse("ItemContentMismatchException", "inventory type %q is sent twice", name)
		}
		it, size, err := s.readItem(name, one)
		if err != nil {
			return nil, err
		}
		total += size
		fresh[name] = it
	}
	if total > maxTotalBytes {
		return nil, refuse("TotalSizeLimitExceededException", "inventory has %d bytes, the limit is %d", total, maxTotalBytes)
	}
	if err := s.checkCustomTypes(fresh); err != nil {
		return nil, err
	}
	for name, it := range fresh {
		if old := n.items[name]; old != nil && it.hash != "" && old.hash == it.hash {
			old.capture = it.capture
			continue
		}
		n.items[name] = it
	}
	return map[string]any{"Message": "Inventory was successfully updated"}, nil
}

func (s *Service) readItem(name string, one map[string]any) (*item, int, error) {
	schema, known := schemaOf(name)
	if !typeForm.MatchString(name) || !known && name[0] == 'A' {
		return nil, 0, refuse("InvalidTypeNameException", "inventory type %q does not exist", name)
	}
	it := &item{
		version: awsapi.String(one, "SchemaVersion"),
		capture: awsapi.String(one, "CaptureTime"),
		hash:    awsapi.String(one, "ContentHash"),
	}
	if !versionForm.MatchString(it.version) {
		return nil, 0, refuse("ValidationException", "schema version %q of %s must look like 1.0", it.version, name)
	}
	if known && it.version != schema.version {
		return nil, 0, refuse("UnsupportedInventorySchemaVersionException", "inventory type %s has schema version %s, not %s", name, schema.version, it.version)
	}
	if _, err := time.Parse(captureLayout, it.capture); err != nil {
		return nil, 0, refuse("ValidationException", "capture time %q of %s must look like %s", it.capture, name, captureLayout)
	}
	if len(awsapi.Map(one, "Context")) > 0 && name != "AWS:ComplianceItem" {
		return nil, 0, refuse("UnsupportedInventoryItemContextException", "inventory type %s takes no Context", name)
	}
	size, err := it.read(name, one)
	return it, size, err
}

// read takes the entries, whose values are texts.
func (it *item) read(name string, one map[string]any) (size int, err error) {
	content := awsapi.List(one, "Content")
	if len(content) > maxEntries {
		return 0, refuse("ItemSizeLimitExceededException", "inventory type %s has %d entries, the limit is %d", name, len(content), maxEntries)
	}
	for i, raw := range content {
		entry, ok := raw.(map[string]any)
		if !ok || len(entry) > maxAttributes {
			return 0, refuse("InvalidItemContentException", "entry %d of %s must be a map of at most %d attributes", i+1, name, maxAttributes)
		}
		texts := map[string]string{}
		for attribute, value := range entry {
			text, ok := value.(string)
			if !ok {
				return 0, refuse("InvalidItemContentException", "attribute %q of %s must be a text", attribute, fmt.Sprintf("%s entry %d", name, i+1))
			}
			texts[attribute] = text
			size += len(attribute) + len(text)
		}
		it.content = append(it.content, texts)
	}
	return size, nil
}

func (s *Service) checkCustomTypes(fresh map[string]*item) error {
	custom := map[string]bool{}
	for name := range fresh {
		custom[name] = true
	}
	for _, n := range s.nodes {
		for name := range n.items {
			custom[name] = true
		}
	}
	count := 0
	for name := range custom {
		if _, known := schemaOf(name); !known {
			count++
		}
	}
	if count > maxCustomTypes {
		return refuse("CustomSchemaCountLimitExceededException", "%d custom inventory types, the limit is %d", count, maxCustomTypes)
	}
	return nil
}
