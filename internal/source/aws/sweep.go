package aws

import (
	"context"
	_ "embed"
	"encoding/json"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	configtypes "github.com/aws/aws-sdk-go-v2/service/configservice/types"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/inventory/kinds"
)

// The sweep reads what no service file reads in detail, three ways: whatever
// has or had a tag (Resource Groups Tagging), whatever AWS Config has recorded,
// and the kinds that Cloud Control lists. What is found twice, or in detail, is
// put together by the builder, which knows resources by their IDs.

// taggingService reads the ARN and the tags of everything that is tagged.
func taggingService() service {
	return service{name: "tagging", steps: func(config sdk.Config) []*step {
		var api resourcegroupstaggingapi.GetResourcesAPIClient = resourcegroupstaggingapi.NewFromConfig(config)
		return []*step{
			list(api.GetResources, "ResourcesPerPage:100").items("ResourceTagMappingList", "").emitting(inventory.Sweep, tagged).bringing("resources that only their tags tell of"),
		}
	}}
}

// tagged is a resource of which the ARN and the tags are known.
func tagged(c *kinds.Converter, at kinds.Place, found item) ([]inventory.Resource, error) {
	arn := found.text("ResourceARN")
	named, ok := kinds.ParseARN(arn)
	if !ok {
		return nil, fault.Of(fault.Invalid, "read ARN", arn, nil)
	}
	r := inventory.Resource{ID: cloud.ResourceID(arn), Account: at.Account, Region: regionOf(named), Tags: cloud.Tags{}}
	kind, name, known := c.Identify(arn)
	if known {
		// The tagging API writes the account into some ARNs that have none (those
		// of snapshots), so that the ARN is built anew.
		place := kinds.Place{Partition: named.Place.Partition, Account: at.Account, Region: named.Place.Region}
		if own := kinds.ARN(kind, place, name); own != "" {
			r.ID = cloud.ResourceID(own)
		}
		r.Kind = kind
	} else {
		r.Kind = foreignKind(named)
	}
	for _, tag := range found.objects("Tags") {
		r.Tags[tag.text("Key")] = tag.text("Value")
	}
	r.Name = nameFor(r.Tags["Name"], string(r.ID))
	return []inventory.Resource{r}, nil
}

// foreignKind names a kind that CloudFormation has no name for, in the style
// of one, in the ARN's own words: "AWS::mq::broker".
func foreignKind(named kinds.Named) cloud.Kind {
	sort, _, found := strings.Cut(strings.TrimPrefix(named.Resource, "/"), "/")
	if !found {
		sort, _, found = strings.Cut(named.Resource, ":")
	}
	if !found || sort == "" {
		sort = "resource"
	}
	return cloud.Kind("AWS::" + named.Service + "::" + sort)
}

func regionOf(named kinds.Named) cloud.Region {
	if named.Place.Region == "" {
		return "global"
	}
	return named.Place.Region
}

// nameFor is what people call a resource of which little is known.
func nameFor(name, id string) string {
	if name != "" {
		return name
	}
	return id[strings.LastIndexAny(id, "/:|")+1:]
}

type recordReader interface {
	configservice.SelectResourceConfigAPIClient
	DescribeConfigurationRecorderStatus(context.Context, *configservice.DescribeConfigurationRecorderStatusInput, ...func(*configservice.Options)) (*configservice.DescribeConfigurationRecorderStatusOutput, error)
	BatchGetResourceConfig(context.Context, *configservice.BatchGetResourceConfigInput, ...func(*configservice.Options)) (*configservice.BatchGetResourceConfigOutput, error)
}

// everyRecord asks for what identifies each resource that AWS Config knows.
const everyRecord = "SELECT resourceId, resourceName, resourceType, arn, accountId, awsRegion, tags"

// recordService reads what AWS Config has recorded: of the kinds that are read
// in detail that they are there, of the others all that it knows. Without a
// recorder that has run, Config knows nothing and is not asked.
func recordService(detailed map[cloud.Kind]bool) service {
	return service{name: "config", steps: func(config sdk.Config) []*step {
		var api recordReader = configservice.NewFromConfig(config)
		details := batchOf(api.BatchGetResourceConfig, 100, func(above []item) *configservice.BatchGetResourceConfigInput {
			var keys []configtypes.ResourceKey
			for _, i := range above {
				record := recordOf(i)
				if kind := cloud.Kind(record.text("resourceType")); kind != "" && !detailed[kind] {
					keys = append(keys, configtypes.ResourceKey{ResourceType: configtypes.ResourceType(kind), ResourceId: sdk.String(record.text("resourceId"))})
				}
			}
			if len(keys) == 0 {
				return nil
			}
			return &configservice.BatchGetResourceConfigInput{ResourceKeys: keys}
		}).items("BaseConfigurationItems", "").emitting(inventory.Sweep, recordedItem).bringing("properties of resources that only AWS Config tells of")
		return []*step{
			get(api.DescribeConfigurationRecorderStatus).items("ConfigurationRecordersStatus", "").only(hasRecorded).
				bringing("resources that only AWS Config tells of").with(
				list(api.SelectResourceConfig, "Expression:"+everyRecord, "Limit:100").items("Results", "").as("Record").
					emitting(inventory.Sweep, recorded).bringing("resources that only AWS Config tells of").with(details),
			),
		}
	}}
}

// hasRecorded recorders have something to tell.
func hasRecorded(status item) bool {
	return status.text("LastStartTime") != "" || status.flag("Recording")
}

// recordOf opens a result of SelectResourceConfig, which is JSON in a text.
func recordOf(found item) item {
	var record item
	if err := json.Unmarshal([]byte(found.text("Record")), &record); err != nil {
		return nil
	}
	return record
}

// recorded is a resource that Config knows: that it is there, and its tags.
func recorded(c *kinds.Converter, at kinds.Place, found item) ([]inventory.Resource, error) {
	record := recordOf(found)
	if record == nil {
		return nil, fault.Newf(fault.Invalid, "read a record of AWS Config")
	}
	all, err := c.FromConfig(record)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	r := all[0]
	// Config's own ARNs of some EC2 kinds are not those of IAM (eip-allocation/
	// for elastic-ip/); the identifier at their end is the same.
	if id := record.text("resourceId"); id != "" && strings.HasSuffix(record.text("arn"), "/"+id) {
		if own := kinds.ARN(r.Kind, kinds.Place{Partition: at.Partition, Account: r.Account, Region: r.Region}, id); own != "" {
			r.ID = cloud.ResourceID(own)
		}
	}
	return []inventory.Resource{{ID: r.ID, Kind: r.Kind, Account: r.Account, Region: r.Region, Tags: r.Tags,
		Name: nameFor(record.text("resourceName"), string(r.ID))}}, nil
}

// recordedItem is a resource with all that Config knows of it.
func recordedItem(c *kinds.Converter, _ kinds.Place, found item) ([]inventory.Resource, error) {
	return c.FromConfig(found)
}

// cloudControlKinds are the kinds that Cloud Control lists without being told
// of a parent (CloudFormation's schemas: handlers.list without a required
// handlerSchema) and that workloads are made of.
//
//go:embed cloudcontrol.txt
var cloudControlKinds string

type genericReader interface {
	cloudcontrol.ListResourcesAPIClient
	GetResource(context.Context, *cloudcontrol.GetResourceInput, ...func(*cloudcontrol.Options)) (*cloudcontrol.GetResourceOutput, error)
}

// genericService reads kinds through Cloud Control that no service file reads.
func genericService(detailed map[cloud.Kind]bool) service {
	return service{name: "cloudformation", rate: "cloudcontrol", steps: func(config sdk.Config) []*step {
		var api genericReader = cloudcontrol.NewFromConfig(config)
		var asked []item
		for _, kind := range strings.Fields(cloudControlKinds) {
			if !detailed[cloud.Kind(kind)] {
				asked = append(asked, item{"TypeName": kind})
			}
		}
		return []*step{
			fixed(asked...).with(
				// A kind that Cloud Control does not know in the region, or cannot
				// list, has no resources there that it could tell of.
				list(api.ListResources, "TypeName", "MaxResults:100").items("ResourceDescriptions", "").carrying("TypeName").
					absent("TypeNotFoundException", "UnsupportedActionException").quitting().
					emitting(inventory.Sweep, generic).bringing("generic resources").with(
					// The list may tell the identifiers alone.
					get(api.GetResource, "TypeName", "Identifier").into("ResourceDescription.Properties", "Properties").given(bare).first(),
				),
			),
		}
	}}
}

// bare descriptions have little more than the identifier.
func bare(found item) bool {
	var properties map[string]any
	if err := json.Unmarshal([]byte(found.text("Properties")), &properties); err != nil {
		return true
	}
	return len(properties) <= strings.Count(found.text("Identifier"), "|")+2
}

// generic is a resource as Cloud Control tells it: the properties are
// CloudFormation's own.
func generic(c *kinds.Converter, at kinds.Place, found item) ([]inventory.Resource, error) {
	kind, identifier := cloud.Kind(found.text("TypeName")), found.text("Identifier")
	properties := map[string]any{}
	if tree, err := decodeTree([]byte(found.text("Properties"))); err == nil {
		if object, ok := tree.(map[string]any); ok {
			properties = object
		}
	}
	if schema, ok := c.Schemas().Kind(kind); ok {
		for n, part := range strings.SplitN(identifier, "|", len(schema.Identifier)) {
			if name := schema.Identifier[n]; properties[name] == nil && !strings.Contains(name, ".") {
				properties[name] = part
			}
		}
	}
	return c.AllFromAPI(kind, at, properties)
}

// detailedKinds are the kinds that the services read in detail. Their tables
// are read off with a configuration that connects to nothing.
func detailedKinds(all []service) map[cloud.Kind]bool {
	found := map[cloud.Kind]bool{}
	for _, s := range all {
		for _, root := range s.steps(sdk.Config{Region: "us-east-1"}) {
			for _, kind := range root.kinds() {
				found[kind] = true
			}
		}
	}
	return found
}

// sweepServices are the generic ways.
func sweepServices(detailed map[cloud.Kind]bool) []service {
	return []service{taggingService(), recordService(detailed), genericService(detailed)}
}
