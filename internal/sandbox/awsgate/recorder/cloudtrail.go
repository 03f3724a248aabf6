package recorder

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
)

const typeTrail = "AWS::CloudTrail::Trail"

type cloudtrailReader struct {
	*reader
	client *cloudtrail.Client
}

func (r *reader) cloudtrail() family {
	c := cloudtrailReader{r, cloudtrail.NewFromConfig(r.config)}
	return family{name: "cloudtrail", services: []string{"cloudtrail"}, kinds: []kind{{[]string{typeTrail}, c.trails}}}
}

func (c cloudtrailReader) trails(ctx context.Context) ([]item, error) {
	out, err := c.client.DescribeTrails(ctx, &cloudtrail.DescribeTrailsInput{})
	if err != nil {
		return nil, err
	}
	var items []item
	for _, one := range out.TrailList {
		arn := text(one.TrailARN)
		it := c.item(typeTrail, arn, text(one.Name), arn)
		it.configuration = camel(one)
		it.relate(associated, typeBucket, text(one.S3BucketName))
		it.relate(associated, typeKey, keyID(one.KmsKeyId))
		it.relate(associated, typeTopic, text(one.SnsTopicARN))
		tags, err := c.client.ListTags(ctx, &cloudtrail.ListTagsInput{ResourceIdList: []string{arn}})
		if err != nil {
			return nil, err
		}
		for _, list := range tags.ResourceTagList {
			it.tags = tagged(list.TagsList, func(t types.Tag) (*string, *string) { return t.Key, t.Value })
		}
		items = append(items, it)
	}
	return items, nil
}
