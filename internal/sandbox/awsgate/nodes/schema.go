package nodes

import (
	"maps"
	"slices"
	"strings"

	"example.com/landfall/internal/sandbox/awsgate/awsapi"
)

// schema is the shape of one inventory type.
type schema struct {
	name, version string
	// attributes in the order of the guide; "#" in front marks a number.
	attributes string
	// aggregates: the attributes GetInventory can count by.
	aggregates string
}

// schemaTable lists the types Systems Manager collects by itself, with the
// attributes of the guide's page "Metadata collected by inventory".
func schemaTable() []schema {
	return []schema{
		{"AWS:AWSComponent", "1.0", "Name ApplicationType Publisher Version InstalledTime Architecture URL", ""},
		{"AWS:Application", "1.1", "Name ApplicationType Publisher Version Release Epoch InstalledTime Architecture URL Summary PackageId", "Name"},
		{"AWS:BillingInfo", "1.0", "BillingProductId", ""},
		{"AWS:ComplianceItem", "1.0", "ComplianceType ExecutionId ExecutionType ExecutionTime Id Title Status Severity DocumentName DocumentVersion Classification PatchBaselineId PatchSeverity PatchState PatchGroup InstalledTime", "ComplianceType Status"},
		{"AWS:File", "1.0", "Name #Size Description FileVersion InstalledDate ModificationTime LastAccessTime ProductName InstalledDir ProductLanguage CompanyName ProductVersion", ""},
		{"AWS:InstanceDetailedInformation", "1.0", "CPUModel CPUSpeedMHz #CPUs #CPUSockets #CPUCores CPUHyperThreadEnabled OSServicePack KernelVersion", ""},
		{informationOf, "1.0", "AgentType AgentVersion ComputerName IamRole InstanceId InstanceStatus IpAddress PlatformName PlatformType PlatformVersion ResourceType", "AgentVersion PlatformName PlatformType PlatformVersion ResourceType"},
		{"AWS:Network", "1.0", "Name SubnetMask Gateway DHCPServer DNSServer MacAddress IPV4 IPV6", ""},
		{"AWS:PatchCompliance", "1.0", "Title KBId Classification Severity State InstalledTime", ""},
		{"AWS:PatchSummary", "1.0", "PatchGroup BaselineId SnapshotId OwnerInformation #InstalledCount #InstalledOtherCount #NotApplicableCount #MissingCount #FailedCount OperationType OperationStartTime OperationEndTime", ""},
		{"AWS:Service", "1.0", "Name DisplayName ServiceType Status DependentServices ServicesDependedOn StartType", "Name Status"},
		{"AWS:Tag", "1.0", "Key Value", ""},
		{"AWS:WindowsRegistry", "1.0", "KeyPath ValueName ValueType Value", ""},
		{"AWS:WindowsRole", "1.0", "Name DisplayName Path FeatureType DependsOn Description Installed InstalledState SubFeatures ServerComponentDescriptor Parent", ""},
		{"AWS:WindowsUpdate", "1.0", "HotFixId Description InstalledTime InstalledBy", ""},
	}
}

func schemaOf(name string) (schema, bool) {
	for _, one := range schemaTable() {
		if one.name == name {
			return one, true
		}
	}
	return schema{}, false
}

func (sc schema) out(aggregatesOnly bool) map[string]any {
	names := sc.attributes
	if aggregatesOnly {
		names = sc.aggregates
	}
	attributes := []any{}
	for name := range strings.FieldsSeq(names) {
		plain, isNumber := strings.CutPrefix(name, "#")
		kind := "string"
		if isNumber {
			kind = "number"
		}
		attributes = append(attributes, map[string]any{"Name": plain, "DataType": kind})
	}
	return map[string]any{"TypeName": sc.name, "Version": sc.version, "Attributes": attributes}
}

// schemas is GetInventorySchema: the types Systems Manager collects and the
// custom types that nodes have. TypeName may be the beginning of a name.
func (s *Service) schemas(params map[string]any) (map[string]any, error) {
	if sub, _ := awsapi.Bool(params, "SubType"); sub {
		return nil, refuse("InvalidTypeNameException", "sub-type schemas (SubType) are not supported by the sandbox")
	}
	wanted := awsapi.String(params, "TypeName")
	aggregates, _ := awsapi.Bool(params, "Aggregator")
	p, err := readPaging("GetInventorySchema", params, limits{50, 200, 200})
	if err != nil {
		return nil, err
	}
	list := []any{}
	out := map[string]any{}
	known, last := false, ""
	for _, sc := range s.allSchemas() {
		if !strings.HasPrefix(sc.name, wanted) || aggregates && sc.aggregates == "" {
			continue
		}
		known = true
		if sc.name <= p.after {
			continue
		}
		if len(list) == p.most {
			p.next(out, last)
			break
		}
		list = append(list, sc.out(aggregates))
		last = sc.name
	}
	if !known && wanted != "" {
		return nil, refuse("InvalidTypeNameException", "inventory type %q does not exist", wanted)
	}
	out["Schemas"] = list
	return out, nil
}

// allSchemas returns the schemas by name; those of custom types are read off
// the entries that nodes have.
func (s *Service) allSchemas() []schema {
	custom := map[string]map[string]bool{}
	versions := map[string]string{}
	for _, n := range s.sorted() {
		for name, it := range n.items {
			if _, ok := schemaOf(name); ok {
				continue
			}
			versions[name] = it.version
			if custom[name] == nil {
				custom[name] = map[string]bool{}
			}
			for _, entry := range it.content {
				for attribute := range entry {
					custom[name][attribute] = true
				}
			}
		}
	}
	all := schemaTable()
	for _, name := range slices.Sorted(maps.Keys(custom)) {
		attributes := slices.Sorted(maps.Keys(custom[name]))
		all = append(all, schema{name: name, version: versions[name], attributes: strings.Join(attributes, " ")})
	}
	slices.SortFunc(all, func(a, b schema) int { return strings.Compare(a.name, b.name) })
	return all
}
