package aws

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
)

type cloudtrailReader interface {
	cloudtrail.ListTagsAPIClient
	DescribeTrails(context.Context, *cloudtrail.DescribeTrailsInput, ...func(*cloudtrail.Options)) (*cloudtrail.DescribeTrailsOutput, error)
	GetEventSelectors(context.Context, *cloudtrail.GetEventSelectorsInput, ...func(*cloudtrail.Options)) (*cloudtrail.GetEventSelectorsOutput, error)
	GetInsightSelectors(context.Context, *cloudtrail.GetInsightSelectorsInput, ...func(*cloudtrail.Options)) (*cloudtrail.GetInsightSelectorsOutput, error)
	GetTrailStatus(context.Context, *cloudtrail.GetTrailStatusInput, ...func(*cloudtrail.Options)) (*cloudtrail.GetTrailStatusOutput, error)
}

// cloudtrailService reads the trails whose home is the region; those of other
// regions that reach here are shadows.
func cloudtrailService() service {
	return service{name: "cloudtrail", steps: func(config sdk.Config) []*step {
		var api cloudtrailReader = cloudtrail.NewFromConfig(config)
		return []*step{get(api.DescribeTrails, "IncludeShadowTrails:false").items("TrailList", "AWS::CloudTrail::Trail").with(
			get(api.GetTrailStatus, "Name=TrailARN").into("IsLogging", "IsLogging"),
			get(api.GetEventSelectors, "TrailName=TrailARN").into("", ""),
			get(api.GetInsightSelectors, "TrailName=TrailARN").into("InsightSelectors", "InsightSelectors").given(insightful).absent("InsightNotEnabledException"),
			list(api.ListTags, "ResourceIdList=TrailARN").into("ResourceTagList.TagsList", "Tags"),
		)}
	}}
}

// insightful trails have insight selectors; the others refuse to say that they
// have none.
func insightful(trail item) bool { return trail.flag("HasInsightSelectors") }
