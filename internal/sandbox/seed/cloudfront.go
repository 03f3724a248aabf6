package seed

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
)

// Managed policies of CloudFront (CachingOptimized, CachingDisabled,
// AllViewer), whose ids are the same in every account.
const (
	cachingOptimized = "658327ea-f89d-4fab-a63d-7e88639e58f6"
	cachingDisabled  = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
	allViewer        = "216adef6-5c7f-47e4-b989-5492eafa07d3"
)

// cloudfront puts the distribution in front of the covers and the shop.
func (s *scope) cloudfront() {
	covers := s.bucket("bookshop-covers") + ".s3." + string(s.o.Region) + ".amazonaws.com"
	access := create(s, Resource{Kind: "AWS::CloudFront::OriginAccessControl", Name: "bookshop-covers", Untagged: true}, s.clients.cloudfront.CreateOriginAccessControl, &cloudfront.CreateOriginAccessControlInput{
		OriginAccessControlConfig: &types.OriginAccessControlConfig{Name: aws.String("bookshop-covers"), OriginAccessControlOriginType: types.OriginAccessControlOriginTypesS3,
			SigningBehavior: types.OriginAccessControlSigningBehaviorsAlways, SigningProtocol: types.OriginAccessControlSigningProtocolsSigv4},
	}, func(o *cloudfront.CreateOriginAccessControlOutput) *string { return o.OriginAccessControl.Id })
	config := &types.DistributionConfig{
		CallerReference: aws.String("seed-bookshop"), Comment: aws.String("covers and shop"), Enabled: aws.Bool(true), HttpVersion: types.HttpVersionHttp2and3,
		Aliases: &types.Aliases{Quantity: aws.Int32(1), Items: []string{staticName}}, PriceClass: types.PriceClassPriceClass100, DefaultRootObject: aws.String(""),
		Origins: &types.Origins{Quantity: aws.Int32(2), Items: []types.Origin{
			{Id: aws.String("covers"), DomainName: &covers, OriginAccessControlId: &access, S3OriginConfig: &types.S3OriginConfig{OriginAccessIdentity: aws.String("")}},
			{Id: aws.String("shop"), DomainName: aws.String(s.id("alb-dns")), CustomOriginConfig: &types.CustomOriginConfig{
				HTTPPort: aws.Int32(80), HTTPSPort: aws.Int32(443), OriginProtocolPolicy: types.OriginProtocolPolicyHttpsOnly,
				OriginSslProtocols: &types.OriginSslProtocols{Quantity: aws.Int32(1), Items: []types.SslProtocol{types.SslProtocolTLSv12}}}},
		}},
		DefaultCacheBehavior: &types.DefaultCacheBehavior{TargetOriginId: aws.String("covers"), ViewerProtocolPolicy: types.ViewerProtocolPolicyRedirectToHttps,
			CachePolicyId: aws.String(cachingOptimized), Compress: aws.Bool(true)},
		CacheBehaviors: &types.CacheBehaviors{Quantity: aws.Int32(1), Items: []types.CacheBehavior{{
			PathPattern: aws.String("/orders/*"), TargetOriginId: aws.String("shop"), ViewerProtocolPolicy: types.ViewerProtocolPolicyHttpsOnly,
			CachePolicyId: aws.String(cachingDisabled), OriginRequestPolicyId: aws.String(allViewer)}}},
		Logging: &types.LoggingConfig{Enabled: aws.Bool(true), IncludeCookies: aws.Bool(false), Prefix: aws.String("cdn/"),
			Bucket: aws.String(s.bucket("bookshop-logs") + ".s3.amazonaws.com")},
		ViewerCertificate: &types.ViewerCertificate{ACMCertificateArn: aws.String(s.id("certificate")), SSLSupportMethod: types.SSLSupportMethodSniOnly,
			MinimumProtocolVersion: types.MinimumProtocolVersionTLSv122021},
	}
	tags := tagList(tagsOf(s.owner), func(k, v *string) types.Tag { return types.Tag{Key: k, Value: v} })
	made := get(s, s.clients.cloudfront.CreateDistributionWithTags, &cloudfront.CreateDistributionWithTagsInput{
		DistributionConfigWithTags: &types.DistributionConfigWithTags{DistributionConfig: config, Tags: &types.Tags{Items: tags}},
	}, func(o *cloudfront.CreateDistributionWithTagsOutput) *types.Distribution { return o.Distribution })
	if made == nil {
		return
	}
	id := aws.ToString(made.Id)
	s.made(Resource{Kind: "AWS::CloudFront::Distribution", ID: id, Name: staticName})
	s.set("distribution", id)
	s.set("distribution-arn", aws.ToString(made.ARN))
	s.set("distribution-domain", aws.ToString(made.DomainName))
}
