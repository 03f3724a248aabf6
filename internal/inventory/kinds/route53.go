package kinds

import (
	"strings"

	"example.com/landfall/internal/cloud"
)

const hostedZone cloud.Kind = "AWS::Route53::HostedZone"

func route53Rules() []Rule {
	return []Rule{
		{
			Kind: hostedZone,
			Move: map[string]string{"Config.Comment": "HostedZoneConfig.Comment", "DelegationSet.NameServers": "NameServers", "DelegationSet.Id": "DelegationSetId", "Features": "HostedZoneFeatures"},
			// The count changes with every record, which is a resource itself.
			Drop: []string{"ResourceRecordSetCount", "CallerReference", "DelegationSet.CallerReference", "HostedZone"}, Unordered: []string{"VPCs", "NameServers"},
			Shape: route53Zone, ID: idAt("Id"), Name: func(r *Reading) string { return strings.TrimSuffix(r.said("Name"), ".") }, Aliases: []string{"Id", "Name"},
		},
		{
			Kind: "AWS::Route53::RecordSet", Move: map[string]string{"ResourceRecords[].Value": "ResourceRecords[]"}, Shape: route53Record, ID: route53RecordID,
			Name: func(r *Reading) string { return strings.TrimSuffix(r.said("Name"), ".") }, Unordered: []string{"ResourceRecords"},
		},
		{
			Kind: "AWS::Route53::HealthCheck", Move: map[string]string{"Id": "HealthCheckId"}, Drop: []string{"CallerReference", "HealthCheckVersion"}, ID: idAt("HealthCheckId"),
			Name: func(r *Reading) string {
				if name := r.Tags["Name"]; name != "" {
					return name
				}
				return r.said("HealthCheckConfig.FullyQualifiedDomainName", "HealthCheckConfig.IPAddress", "HealthCheckId")
			},
		},
	}
}

// zoneID is a zone's id without the folder that Route 53's answers put before it.
func zoneID(id string) string { return after(id, "/") }

func route53Zone(r *Reading) {
	for _, name := range []string{"Id", "DelegationSetId"} {
		if id := textAt(r.Properties, name); id != "" {
			r.Properties[name] = zoneID(id)
		}
	}
}

// route53Record: names end with a dot in answers and need not in templates, and
// an asterisk is written \052.
func route53Record(r *Reading) {
	if name := textAt(r.Properties, "Name"); name != "" {
		r.Properties["Name"] = recordName(name)
	}
	if id := textAt(r.Properties, "HostedZoneId"); id != "" {
		r.Properties["HostedZoneId"] = zoneID(id)
	}
	if list, ok := r.Properties["ResourceRecords"].([]any); ok && len(list) == 0 {
		delete(r.Properties, "ResourceRecords")
	}
}

func recordName(name string) string {
	name = strings.ReplaceAll(strings.ToLower(name), `\052`, "*")
	if !strings.HasSuffix(name, ".") && !strings.Contains(name, "${") {
		name += "."
	}
	return name
}

// route53RecordID: a record has no ARN; zone, name, type and, where several
// answer the same question, the identifier tell it from all others.
func route53RecordID(r *Reading) string {
	zone := zoneID(r.said("HostedZoneId"))
	if zone == "" {
		return ""
	}
	id := ARN(hostedZone, r.Place, zone) + "|" + recordName(r.said("Name")) + "|" + r.said("Type")
	if set := r.said("SetIdentifier"); set != "" {
		id += "|" + set
	}
	return id
}
