package s3

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/auth"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"example.com/landfall/internal/fault"
)

// site is where the requests for a bucket go and how they are signed.
type site struct {
	scheme, host string
	// base is the path before "/KEY": "/BUCKET" in path style, otherwise "" or
	// the path of an endpoint; escaped is its form in a URL.
	base, escaped   string
	region, service string
	// own is an endpoint that is not AWS's.
	own bool
}

// locate finds the site by the SDK's endpoint rules.
func locate(ctx context.Context, o Options, region string) (*site, error) {
	o.Config.Region = region
	settings := sdk.NewFromConfig(o.Config).Options()
	own := settings.BaseEndpoint != nil
	rules := sdk.EndpointParameters{
		Bucket: &o.Bucket, Endpoint: settings.BaseEndpoint,
		UseFIPS:        aws.Bool(settings.EndpointOptions.UseFIPSEndpoint == aws.FIPSEndpointStateEnabled),
		UseDualStack:   aws.Bool(settings.EndpointOptions.UseDualStackEndpoint == aws.DualStackEndpointStateEnabled),
		ForcePathStyle: aws.Bool(o.Style == Path || o.Style == Auto && own || settings.UsePathStyle),
		Accelerate:     aws.Bool(settings.UseAccelerate),
		// The ARN of an access point names its region.
		UseArnRegion: aws.Bool(true),
	}
	if region != "" {
		rules.Region = &region
	}
	endpoint, err := settings.EndpointResolverV2.ResolveEndpoint(ctx, rules)
	if err != nil {
		return nil, fault.Of(fault.Invalid, "find the endpoint of bucket", o.Bucket, err).
			Hintf("give a bucket's name or the ARN of an access point, and a region: export AWS_REGION=REGION")
	}
	where := &site{scheme: endpoint.URI.Scheme, host: endpoint.URI.Host, region: region, service: "s3", own: own}
	where.base, where.escaped = trim(endpoint.URI.Path), trim(endpoint.URI.EscapedPath())
	schemes, _ := auth.GetAuthOptions(&endpoint.Properties)
	for _, scheme := range schemes {
		// The rules write the short form of the name.
		if scheme.SchemeID != auth.SchemeIDSigV4 && scheme.SchemeID != "sigv4" {
			continue
		}
		if name, ok := smithyhttp.GetSigV4SigningName(&scheme.SignerProperties); ok {
			where.service = name
		}
		if name, ok := smithyhttp.GetSigV4SigningRegion(&scheme.SignerProperties); ok {
			where.region = name
		}
		return where, nil
	}
	if len(schemes) > 0 {
		return nil, fault.Of(fault.Unsupported, "read bucket", o.Bucket, nil).
			Hintf("it is signed for several regions (a multi-region access point); give the name of one bucket behind it")
	}
	return where, nil
}

func trim(path string) string {
	for len(path) > 0 && path[len(path)-1] == '/' {
		path = path[:len(path)-1]
	}
	return path
}

// move goes on in the region where AWS says that the bucket lies. It reports
// whether that is a change: one that is already there did not help.
func (s *Source) move(region string) bool {
	where := s.site.Load()
	if where.own || region == "" || region == where.region {
		return false
	}
	next, err := locate(context.Background(), s.options, region)
	if err != nil {
		return false
	}
	s.site.Store(next)
	return true
}
