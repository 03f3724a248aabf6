package nodes

import (
	"slices"
	"strings"

	"example.com/landfall/internal/sandbox/awsgate/awsapi"
)

// describe is DescribeInstanceInformation. It does not show nodes that are
// stopped or terminated (operation documentation).
func (s *Service) describe(params map[string]any) (map[string]any, error) {
	filters, err := s.readNodeFilters(params)
	if err != nil {
		return nil, err
	}
	p, err := readPaging("DescribeInstanceInformation", params, limits{5, 50, 10})
	if err != nil {
		return nil, err
	}
	list := []any{}
	out := map[string]any{}
	last := ""
	for _, n := range s.sorted() {
		if n.InstanceID <= p.after || n.InstanceStatus == "Stopped" || n.InstanceStatus == "Terminated" || !n.passes(filters) {
			continue
		}
		if len(list) == p.most {
			p.next(out, last)
			break
		}
		list = append(list, n.describe())
		last = n.InstanceID
	}
	out["InstanceInformationList"] = list
	return out, nil
}

// nodeFilter is one element of Filters or InstanceInformationFilterList.
type nodeFilter struct {
	key    string
	values []string
}

func (s *Service) readNodeFilters(params map[string]any) ([]nodeFilter, error) {
	legacy, current := awsapi.Maps(params, "InstanceInformationFilterList"), awsapi.Maps(params, "Filters")
	if len(legacy) > 0 && len(current) > 0 {
		return nil, refuse("ValidationException", "parameters Filters and InstanceInformationFilterList exclude each other")
	}
	var filters []nodeFilter
	for _, f := range legacy {
		filters = append(filters, nodeFilter{awsapi.String(f, "key"), awsapi.Strings(f, "valueSet")})
	}
	for _, f := range current {
		filters = append(filters, nodeFilter{awsapi.String(f, "Key"), awsapi.Strings(f, "Values")})
	}
	tags := 0
	for _, f := range filters {
		if strings.HasPrefix(f.key, "tag") {
			tags++
		}
		if err := s.checkNodeFilter(f); err != nil {
			return nil, err
		}
	}
	if tags > 0 && tags < len(filters) {
		return nil, refuse("InvalidFilterKey", "tag filters cannot be combined with other filters")
	}
	return filters, nil
}

func (s *Service) checkNodeFilter(f nodeFilter) error {
	if len(f.values) == 0 || len(f.values) > 100 {
		return refuse("InvalidInstanceInformationFilterValue", "filter %q must have 1 to 100 values", f.key)
	}
	switch f.key {
	case "InstanceIds":
		for _, id := range f.values {
			if s.nodes[id] == nil {
				return refuse("InvalidInstanceId", "instance %q is no managed node", id)
			}
		}
	case "PingStatus", "PlatformTypes", "ResourceType", "AgentVersion", "IamRole", "AssociationStatus",
		"SourceIds", "SourceTypes", "ActivationIds", "tag-key":
	default:
		if tag, ok := strings.CutPrefix(f.key, "tag:"); !ok || tag == "" {
			return refuse("InvalidFilterKey", "filter key %q is not valid", f.key)
		}
	}
	return nil
}

func (n *node) passes(filters []nodeFilter) bool {
	return !slices.ContainsFunc(filters, func(f nodeFilter) bool { return !n.passesOne(f) })
}

func (n *node) passesOne(f nodeFilter) bool {
	value := ""
	switch f.key {
	case "InstanceIds":
		value = n.InstanceID
	case "PingStatus":
		value = n.PingStatus
	case "PlatformTypes":
		value = n.PlatformType
	case "ResourceType":
		value = n.ResourceType
	case "AgentVersion":
		value = n.AgentVersion
	case "IamRole":
		value = n.IAMRole
	case "AssociationStatus":
		value = n.AssociationStatus
	case "SourceIds":
		value = n.InstanceID
	case "SourceTypes":
		value = n.sourceType()
	case "tag-key":
		return slices.ContainsFunc(f.values, func(key string) bool { _, ok := n.Tags[key]; return ok })
	default:
		tag, ok := n.Tags[strings.TrimPrefix(f.key, "tag:")]
		return ok && slices.Contains(f.values, tag)
	}
	return value != "" && slices.Contains(f.values, value)
}

func (n *node) sourceType() string {
	if n.ResourceType == "ManagedInstance" {
		return "AWS::SSM::ManagedInstance"
	}
	return "AWS::EC2::Instance"
}

func (n *node) describe() map[string]any {
	out := map[string]any{
		"InstanceId": n.InstanceID, "PingStatus": n.PingStatus, "LastPingDateTime": n.LastPing.UTC(),
		"AgentVersion": n.AgentVersion, "IsLatestVersion": true, "PlatformType": n.PlatformType,
		"PlatformName": n.PlatformName, "PlatformVersion": n.PlatformVersion, "ResourceType": n.ResourceType,
		"IPAddress": n.IPAddress, "ComputerName": n.ComputerName, "AssociationStatus": n.AssociationStatus,
		"RegistrationDate": n.Registered.UTC(), "SourceId": n.InstanceID, "SourceType": n.sourceType(),
	}
	for name, value := range map[string]string{"IamRole": n.IAMRole, "Name": n.Name} {
		if value != "" {
			out[name] = value
		}
	}
	if n.IPAddress == "" {
		delete(out, "IPAddress")
	}
	return out
}

// patchStates is DescribeInstancePatchStates. Nodes that were never scanned
// have no state and are left out, as in the real service.
func (s *Service) patchStates(params map[string]any) (map[string]any, error) {
	ids := awsapi.Strings(params, "InstanceIds")
	if !awsapi.Has(params, "InstanceIds") || len(ids) > 50 {
		return nil, refuse("ValidationException", "parameter InstanceIds must have at most 50 members")
	}
	p, err := readPaging("DescribeInstancePatchStates", params, limits{10, 100, 50})
	if err != nil {
		return nil, err
	}
	states := []any{}
	out := map[string]any{}
	last := ""
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		n := s.nodes[id]
		if id <= p.after || n == nil || n.Patch == nil {
			continue
		}
		if len(states) == p.most {
			p.next(out, last)
			break
		}
		state := map[string]any{"InstanceId": id}
		for name, value := range n.Patch {
			state[name] = value
		}
		states = append(states, state)
		last = id
	}
	out["InstancePatchStates"] = states
	return out, nil
}
