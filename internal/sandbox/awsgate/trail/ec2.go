package trail

import "strings"

// EC2's records keep the form of its XML API: a list "InstanceId.1=i-1" is
// "instancesSet": {"items": [{"instanceId": "i-1"}]}.

// ec2 spells the input of an EC2 call.
func (s *speller) ec2(params map[string]any) map[string]any {
	out := make(map[string]any, len(params))
	for name, v := range params {
		low := lowerFirst(name)
		switch v := v.(type) {
		case []any:
			set, member := ec2Set(name)
			if name == "TagSpecification" {
				out[set] = items(s.tagSpecifications(v))
				continue
			}
			out[set] = items(s.ec2Items(member, v))
		case map[string]any:
			out[low] = s.ec2(v)
		default:
			if s.isSecret(low, v) {
				out[low] = hidden
			} else {
				out[low] = s.leaf(low, v)
			}
		}
	}
	return out
}

func items(list []any) map[string]any { return map[string]any{"items": list} }

func (s *speller) ec2Items(member string, list []any) []any {
	out := make([]any, 0, len(list))
	for _, v := range list {
		if node, ok := v.(map[string]any); ok {
			out = append(out, s.ec2(node))
			continue
		}
		out = append(out, map[string]any{member: s.leaf(member, v)})
	}
	return out
}

// tagSpecifications are the one list whose members are lists without items.
func (s *speller) tagSpecifications(list []any) []any {
	out := make([]any, 0, len(list))
	for _, v := range list {
		node, _ := v.(map[string]any)
		spec := map[string]any{"resourceType": node["ResourceType"]}
		if tags, ok := node["Tag"].([]any); ok {
			spec["tags"] = s.value("tag", tags)
		}
		out = append(out, spec)
	}
	return out
}

// ec2Set names the set of a list and what a plain member is called in it.
func ec2Set(name string) (set, member string) {
	member = lowerFirst(name)
	switch name {
	case "InstanceId", "ImageId", "SnapshotId", "KeyPairId":
		return strings.TrimSuffix(member, "Id") + "sSet", member
	case "ResourceId":
		return "resourcesSet", member
	case "VpcId", "SubnetId", "VolumeId", "DhcpOptionsId":
		return strings.TrimSuffix(member, "Id") + "Set", member
	case "GroupId", "SecurityGroupId":
		return "securityGroupIdSet", "groupId"
	case "GroupName", "SecurityGroup":
		return "securityGroupSet", "groupName"
	case "IpPermissions":
		return "ipPermissions", member
	case "IpRanges", "Groups":
		return lowerFirst(name), member
	}
	return member + "Set", member
}

// runInstances moves what describes the instances into their set, where
// CloudTrail has it.
func runInstances(out map[string]any) {
	item := map[string]any{}
	for _, name := range []string{"imageId", "minCount", "maxCount", "keyName"} {
		if v, ok := out[name]; ok {
			item[name] = v
			delete(out, name)
		}
	}
	out["instancesSet"] = items([]any{item})
}

// answer spells an EC2 answer, whose lists were elements named "item".
func (s *speller) answer(name string, v any) any {
	if s.isSecret(name, v) {
		return hidden
	}
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, e := range v {
			out[key] = s.answer(key, e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = s.answer(name, e)
		}
		return items(out)
	}
	return s.leaf(name, v)
}
