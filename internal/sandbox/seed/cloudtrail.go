package seed

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
)

const trailName = "bookshop-trail"

// cloudtrail makes the trail: all management events, and the object calls on
// the invoices and the shared exports.
func (s *scope) cloudtrail() {
	tags := tagList(tagsOf(s.owner), func(k, v *string) types.Tag { return types.Tag{Key: k, Value: v} })
	arn := create(s, Resource{Kind: "AWS::CloudTrail::Trail", Name: trailName}, s.clients.cloudtrail.CreateTrail, &cloudtrail.CreateTrailInput{
		Name: aws.String(trailName), S3BucketName: aws.String(s.bucket("bookshop-trail")), IncludeGlobalServiceEvents: aws.Bool(true),
		IsMultiRegionTrail: aws.Bool(true), EnableLogFileValidation: aws.Bool(true), TagsList: tags,
	}, func(o *cloudtrail.CreateTrailOutput) *string { return o.TrailARN })
	s.set("trail", arn)
	do(s, s.clients.cloudtrail.PutEventSelectors, &cloudtrail.PutEventSelectorsInput{TrailName: aws.String(trailName), EventSelectors: []types.EventSelector{{
		IncludeManagementEvents: aws.Bool(true), ReadWriteType: types.ReadWriteTypeAll,
		DataResources: []types.DataResource{{Type: aws.String("AWS::S3::Object"), Values: []string{
			"arn:aws:s3:::" + s.bucket("bookshop-invoices") + "/", "arn:aws:s3:::" + s.bucket("shared-exports") + "/"}}},
	}}})
	do(s, s.clients.cloudtrail.StartLogging, &cloudtrail.StartLoggingInput{Name: aws.String(trailName)})
}
