package describe

import (
	"fmt"
	"regexp"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/inventory/kinds"
	"example.com/landfall/internal/source/files/format"
)

// emit converts one element and hands it over.
func (r *reader) emit(o *command, item map[string]any, place string) error {
	if err := r.ctx.Err(); err != nil {
		return err
	}
	if o.kind == "" {
		return r.listed(o, item, place)
	}
	if o.kind == "AWS::Route53::RecordSet" && item["HostedZoneId"] == nil {
		zone := r.zoneOf(item)
		if zone == "" {
			r.unzoned++
			return nil
		}
		item["HostedZoneId"] = zone
	}
	at := r.at.of(o, item)
	if o.kind == "AWS::SQS::Queue" {
		at = queue(at, item)
	}
	resources, err := r.q.Kinds.AllFromAPI(o.kind, at, item)
	if err != nil {
		r.out.Refused(place, fmt.Errorf("%s: %w", o.kind, err))
		return nil
	}
	return r.out.Found(place, resources...)
}

// queueURL is the address of a queue: region, account and name (SQS Developer
// Guide, "Queue and message identifiers"); a few regions have an older form of
// the host.
var queueURL = regexp.MustCompile(`^https?://(?:sqs\.([a-z0-9-]+)\.|([a-z0-9-]+)\.queue\.|queue\.)?[^/]*/([0-9]{12})/([^/]+)$`)

// queue takes from the address of a queue, which is all that ListQueues says,
// what identifies it.
func queue(at kinds.Place, item map[string]any) kinds.Place {
	m := queueURL.FindStringSubmatch(text(item, "QueueUrl"))
	if m == nil {
		return at
	}
	at.Account = cloud.Account(m[3])
	if region := format.First(m[1], m[2]); format.IsRegion(region) {
		at.Region = cloud.Region(region)
	}
	if item["QueueArn"] == nil {
		item["QueueArn"] = kinds.ARN("AWS::SQS::Queue", at, m[4])
	}
	return at
}

// zoneID is how hosted zones are identified.
var zoneID = regexp.MustCompile(`(?:^|[^A-Za-z0-9])(Z[A-Z0-9]{7,31})(?:[^A-Za-z0-9]|$)`)

// zoneOf tells the hosted zone of a record: by the name of the file, else by
// the longest zone's name that the record's name ends with.
func (r *reader) zoneOf(record map[string]any) string {
	if m := zoneID.FindStringSubmatch(r.q.Document.Name); m != nil {
		return m[1]
	}
	for name := text(record, "Name"); name != ""; {
		if id := r.set.zone(name); id != "" {
			return id
		}
		_, rest, found := strings.Cut(name, ".")
		if !found {
			return ""
		}
		name = rest
	}
	return ""
}

// listed takes an element of a list of resources of all kinds.
func (r *reader) listed(o *command, item map[string]any, place string) error {
	b := format.Bare{Place: r.at.of(o, item), Tags: cloud.Tags{}}
	switch o.service {
	case "resourcegroupstaggingapi":
		b.ARN = text(item, "ResourceARN")
		addTags(b.Tags, item["Tags"])
	case "resource-explorer-2":
		b.ARN, b.Kind = text(item, "Arn"), text(item, "ResourceType")
		b.Place.Account = format.First(cloud.Account(text(item, "OwningAccountId")), b.Place.Account)
		b.Place.Region = format.First(cloud.Region(text(item, "Region")), b.Place.Region)
		properties, _ := item["Properties"].([]any)
		for _, one := range properties {
			if p, ok := one.(map[string]any); ok && strings.EqualFold(text(p, "Name"), "tags") {
				addTags(b.Tags, p["Data"])
			}
		}
	default: // DescribeTags has an entry for each tag
		id := text(item, "ResourceId")
		if r.tags[id] == nil {
			b.ID, b.Kind = id, "ec2:"+text(item, "ResourceType")
			r.tags[id] = &b
		}
		r.tags[id].Tags[text(item, "Key")] = text(item, "Value")
		return nil
	}
	resource, ok := b.Resource(r.q.Kinds)
	if !ok {
		r.out.Refused(place, fault.Newf(fault.Invalid, "read element: %q is no ARN", format.Cut(b.ARN)))
		return nil
	}
	return r.out.Found(place, resource)
}

func addTags(into cloud.Tags, list any) {
	members, _ := list.([]any)
	for _, one := range members {
		if tag, ok := one.(map[string]any); ok && text(tag, "Key") != "" {
			into[text(tag, "Key")] = text(tag, "Value")
		}
	}
}

func text(object map[string]any, name string) string {
	s, _ := object[name].(string)
	return s
}
