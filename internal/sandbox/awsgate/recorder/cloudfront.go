package recorder

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
)

const typeDistribution = "AWS::CloudFront::Distribution"

type cloudfrontReader struct {
	*reader
	client *cloudfront.Client
}

func (r *reader) cloudfront() family {
	c := cloudfrontReader{r, cloudfront.NewFromConfig(r.config)}
	return family{name: "cloudfront", services: []string{"cloudfront"}, kinds: []kind{{[]string{typeDistribution}, c.distributions}}}
}

// distributions are recorded in us-east-1, the home of CloudFront.
func (c cloudfrontReader) distributions(ctx context.Context) ([]item, error) {
	var ids []string
	err := pages(ctx, cloudfront.NewListDistributionsPaginator(c.client, &cloudfront.ListDistributionsInput{}), func(out *cloudfront.ListDistributionsOutput) {
		if out.DistributionList == nil {
			return
		}
		for _, one := range out.DistributionList.Items {
			ids = append(ids, text(one.Id))
		}
	})
	if err != nil {
		return nil, err
	}
	var items []item
	for _, id := range ids {
		out, err := c.client.GetDistribution(ctx, &cloudfront.GetDistributionInput{Id: &id})
		if err != nil {
			return nil, err
		}
		one := out.Distribution
		it := c.item(typeDistribution, id, "", text(one.ARN))
		it.region = "us-east-1"
		it.configuration = camel(one)
		it.configuration["arn"] = it.arn
		delete(it.configuration, "aRN")
		if one.DistributionConfig != nil {
			it.relate(associated, typeWebACL, text(one.DistributionConfig.WebACLId))
			if certificate := one.DistributionConfig.ViewerCertificate; certificate != nil {
				it.relate(associated, typeCertificate, text(certificate.ACMCertificateArn))
			}
		}
		tags, err := c.client.ListTagsForResource(ctx, &cloudfront.ListTagsForResourceInput{Resource: &it.arn})
		if err != nil {
			return nil, err
		}
		if tags.Tags != nil {
			it.tags = tagged(tags.Tags.Items, func(t types.Tag) (*string, *string) { return t.Key, t.Value })
		}
		items = append(items, it)
	}
	return items, nil
}
