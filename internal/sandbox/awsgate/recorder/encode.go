package recorder

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"

	"example.com/landfall/internal/sandbox/awsgate/awsapi"
)

// base returns the item as BaseConfigurationItem. The real service leaves tags
// and relationships out of it.
func (c *captured) base() map[string]any {
	out := map[string]any{
		"version": itemVersion, "accountId": c.account, "configurationItemCaptureTime": c.at,
		"configurationItemStatus": c.status, "configurationStateId": strconv.FormatInt(c.state, 10),
		"arn": c.arn, "resourceType": c.kind, "resourceId": c.id, "awsRegion": c.region,
		"availabilityZone": c.zone, "supplementaryConfiguration": entries(c.supplementaryJSON),
	}
	if c.name != "" {
		out["resourceName"] = c.name
	}
	if c.configurationJSON != "" {
		out["configuration"] = c.configurationJSON
	}
	if !c.created.IsZero() {
		out["resourceCreationTime"] = c.created
	}
	return out
}

// full returns the item as ConfigurationItem.
func (c *captured) full() map[string]any {
	out := c.base()
	relationships := []any{}
	for _, r := range c.relations {
		one := map[string]any{"resourceType": r.kind, "resourceId": r.id, "relationshipName": r.name()}
		if r.targetName != "" {
			one["resourceName"] = r.targetName
		}
		relationships = append(relationships, one)
	}
	out["relationships"] = relationships
	out["tags"] = entries(c.tags)
	out["relatedEvents"] = []any{}
	out["configurationItemMD5Hash"] = c.hash
	return out
}

func entries(from map[string]string) awsapi.Entries {
	out := awsapi.Entries{}
	for name, value := range from {
		out[name] = value
	}
	return out
}

// queryDocument returns the item as SelectResourceConfig sees it: tags as a
// list of key, value and "key=value", times as text, JSON types only.
func (c *captured) queryDocument() map[string]any {
	tags := []any{}
	for _, key := range slices.Sorted(maps.Keys(c.tags)) {
		tags = append(tags, map[string]any{"key": key, "value": c.tags[key], "tag": key + "=" + c.tags[key]})
	}
	relationships := []any{}
	for _, r := range c.relations {
		one := map[string]any{"resourceType": r.kind, "resourceId": r.id, "relationshipName": r.name()}
		if r.targetName != "" {
			one["resourceName"] = r.targetName
		}
		relationships = append(relationships, one)
	}
	out := map[string]any{
		"version": itemVersion, "accountId": c.account, "configurationItemCaptureTime": c.at.Format(timeForm),
		"configurationItemStatus": c.status, "configurationStateId": strconv.FormatInt(c.state, 10),
		"arn": c.arn, "resourceType": c.kind, "resourceId": c.id, "awsRegion": c.region,
		"availabilityZone": c.zone, "tags": tags, "relationships": relationships,
	}
	if c.name != "" {
		out["resourceName"] = c.name
	}
	if !c.created.IsZero() {
		out["resourceCreationTime"] = c.created.UTC().Format(timeForm)
	}
	if c.configuration != nil {
		out["configuration"] = plainJSON(c.configuration)
	}
	if len(c.supplementary) > 0 {
		out["supplementaryConfiguration"] = plainJSON(c.supplementary)
	}
	return out
}

// plainJSON returns v with the types that JSON decoding gives, which is what
// the query language works on.
func plainJSON(v any) any {
	var out any
	if err := json.Unmarshal([]byte(jsonText(v)), &out); err != nil {
		return nil
	}
	return out
}

// snapshotItem returns the item as it stands in a snapshot file, whose
// spelling differs from the API's in account, ARN, version and relationships.
func (c *captured) snapshotItem() map[string]any {
	relationships := []any{}
	for _, r := range c.relations {
		one := map[string]any{"resourceType": r.kind, "resourceId": r.id, "name": r.name()}
		if r.targetName != "" {
			one["resourceName"] = r.targetName
		}
		relationships = append(relationships, one)
	}
	out := map[string]any{
		"configurationItemVersion": itemVersion, "awsAccountId": c.account,
		"configurationItemCaptureTime": c.at.Format(timeForm), "configurationItemStatus": c.status,
		"configurationStateId": c.state, "configurationStateMd5Hash": "", "ARN": c.arn,
		"resourceType": c.kind, "resourceId": c.id, "awsRegion": c.region, "availabilityZone": c.zone,
		"tags": c.tags, "relatedEvents": []any{}, "relationships": relationships,
		"configuration": c.configuration, "supplementaryConfiguration": c.supplementary,
	}
	if c.tags == nil {
		out["tags"] = map[string]string{}
	}
	if c.supplementary == nil {
		out["supplementaryConfiguration"] = map[string]any{}
	}
	if c.name != "" {
		out["resourceName"] = c.name
	}
	if !c.created.IsZero() {
		out["resourceCreationTime"] = c.created.UTC().Format(timeForm)
	}
	return out
}
