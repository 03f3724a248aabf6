package refs

import (
	"strings"

	"example.com/landfall/internal/cloud"
)

// ByProperty looks a plain name up among the kinds that the property's own
// name tells: "DBSubnetGroupName" is the name of a DB subnet group. A resource
// that says its own name mentions nobody.
func (x *Index) ByProperty(from int32, property, value string) []Mention {
	if value == "" || len(value) > 512 || strings.ContainsAny(value, " \n\t") {
		return nil
	}
	value = strings.TrimSuffix(value, ".")
	for _, stem := range stems(property) {
		kinds := x.kindsFor(from, stem)
		var found []Mention
		for _, k := range kinds {
			for _, i := range x.near(from, x.names[k][value]) {
				if i == from {
					return nil
				}
				found = append(found, Mention{To: i, How: ByName})
			}
		}
		if len(found) > 0 {
			return found
		}
	}
	return nil
}

// stems are what a property is about, longest first: "CacheSubnetGroupName"
// gives "cachesubnetgroup", "subnetgroup", "group".
func stems(property string) []string {
	special := specialStems(property)
	s := camel(property)
	for _, suffix := range []string{"Identifiers", "Identifier", "Names", "Name", "Arns", "Arn", "ARNs", "ARN", "Ids", "Id", "Refs", "Ref", "Url", "URL"} {
		if rest, ok := strings.CutSuffix(s, suffix); ok && rest != "" {
			s = rest
			break
		}
	}
	var list []string
	list = append(list, special...)
	for i := 0; i < len(s); i++ {
		if i == 0 || isUpper(s[i]) && (!isUpper(s[i-1]) || i+1 < len(s) && !isUpper(s[i+1])) {
			stem := strings.ToLower(s[i:])
			list = append(list, stem)
			if one, ok := strings.CutSuffix(stem, "ies"); ok {
				list = append(list, one+"y")
			} else if one, ok := strings.CutSuffix(stem, "s"); ok {
				list = append(list, one)
			}
		}
	}
	return list
}

// camel writes the name of a variable ("ORDERS_TABLE") like one of a property.
func camel(s string) string {
	if strings.ToUpper(s) != s && !strings.ContainsAny(s, "_-") {
		return s
	}
	var b strings.Builder
	for _, word := range strings.FieldsFunc(s, func(r rune) bool { return r == '_' || r == '-' || r == '.' }) {
		if word == strings.ToUpper(word) {
			word = word[:1] + strings.ToLower(word[1:])
		} else {
			word = strings.ToUpper(word[:1]) + word[1:]
		}
		b.WriteString(word)
	}
	return b.String()
}

func isUpper(c byte) bool { return c >= 'A' && c <= 'Z' }

// specialStems are properties whose name does not end like the kind.
func specialStems(property string) []string {
	switch property {
	case "IamInstanceProfile":
		return []string{"instanceprofile"}
	case "AutoScalingGroupName":
		return []string{"autoscalinggroup"}
	case "S3Bucket", "S3BucketName", "LogBucketName", "DestinationBucketName", "TargetBucket", "ArtifactBucket":
		return []string{"bucket"}
	case "KmsKeyId", "KMSMasterKeyID", "KMSMasterKeyId", "KmsMasterKeyId", "KeyId", "KMSKeyArn", "KmsKeyArn", "TargetKeyId":
		return []string{"key", "alias"}
	case "DBInstanceIdentifier", "SourceDBInstanceIdentifier":
		return []string{"dbinstance"}
	case "CacheClusterId":
		return []string{"cachecluster", "replicationgroup"}
	case "LoadBalancer", "LoadBalancerName", "LoadBalancerNames":
		return []string{"loadbalancer"}
	case "VPCSecurityGroups", "SecurityGroups", "GroupName", "GroupNames":
		return []string{"securitygroup"}
	case "Stream", "StreamName":
		return []string{"stream", "deliverystream"}
	case "TargetBackupVaultName", "TargetBackupVault":
		return []string{"backupvault"}
	}
	return nil
}

// kindsFor are the kinds of the inventory that end in a stem; those of from's
// own service come alone when there are any, because every service has its
// "SubnetGroup" and its "Cluster".
func (x *Index) kindsFor(from int32, stem string) []cloud.Kind {
	all := x.segments[stem]
	if len(all) < 2 || from < 0 {
		return all
	}
	service := x.resources[from].Kind.Service()
	var own []cloud.Kind
	for _, k := range all {
		if k.Service() == service {
			own = append(own, k)
		}
	}
	if len(own) > 0 {
		return own
	}
	return all
}

// InText finds names of resources in free text: values of variables, user
// data. Only names that one kind alone has, and that no ordinary word is, are
// recognised.
func (x *Index) InText(from int32, text string) []Mention {
	if len(text) > maxText {
		text = text[:maxText]
	}
	var found []Mention
	for word := range words(text) {
		list := x.near(from, x.unique[strings.TrimRight(word, ".:")])
		if len(list) == 1 && list[0] != from {
			found = append(found, Mention{To: list[0], How: ByText})
		}
		if len(found) >= maxMentions {
			break
		}
	}
	return found
}
