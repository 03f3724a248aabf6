package aws

import (
	"context"

	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
)

type route53Reader interface {
	route53.ListHealthChecksAPIClient
	route53.ListHostedZonesAPIClient
	route53.ListQueryLoggingConfigsAPIClient
	GetHostedZone(context.Context, *route53.GetHostedZoneInput, ...func(*route53.Options)) (*route53.GetHostedZoneOutput, error)
	ListResourceRecordSets(context.Context, *route53.ListResourceRecordSetsInput, ...func(*route53.Options)) (*route53.ListResourceRecordSetsOutput, error)
	ListTagsForResource(context.Context, *route53.ListTagsForResourceInput, ...func(*route53.Options)) (*route53.ListTagsForResourceOutput, error)
}

func route53Service() service {
	return service{name: "route53", global: true, steps: func(config sdk.Config) []*step {
		var api route53Reader = route53.NewFromConfig(config)
		tags := func(sort string) *step {
			return ask(api.ListTagsForResource, func(i item) *route53.ListTagsForResourceInput {
				return &route53.ListTagsForResourceInput{ResourceType: types.TagResourceType(sort), ResourceId: plainID(i)}
			}).into("ResourceTagSet.Tags", "Tags")
		}
		queryLogs := ask(api.ListQueryLoggingConfigs, func(zone item) *route53.ListQueryLoggingConfigsInput {
			return &route53.ListQueryLoggingConfigsInput{HostedZoneId: plainID(zone)}
		}).into("QueryLoggingConfigs", "QueryLoggingConfigs")
		return []*step{
			list(api.ListHostedZones, "MaxItems:100").items("HostedZones", "AWS::Route53::HostedZone").with(
				get(api.GetHostedZone, "Id").into("", ""),
				tags("hostedzone"),
				queryLogs,
				list(api.ListResourceRecordSets, "HostedZoneId=Id", "MaxItems:300").items("ResourceRecordSets", "AWS::Route53::RecordSet").carrying("HostedZoneId=Id"),
			),
			list(api.ListHealthChecks, "MaxItems:100").items("HealthChecks", "AWS::Route53::HealthCheck").with(tags("healthcheck")),
		}
	}}
}

// plainID is an id without the folder that answers put before it
// ("/hostedzone/Z1"): where it is part of a path the SDK takes the folder off,
// elsewhere it does not.
func plainID(i item) *string {
	id := i.text("Id")
	return sdk.String(id[strings.LastIndex(id, "/")+1:])
}
