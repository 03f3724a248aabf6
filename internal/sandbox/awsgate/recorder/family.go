package recorder

import (
	"context"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// kind reads the resources of one or more types. What it returns replaces
// everything known of those types.
type kind struct {
	types []string
	read  func(ctx context.Context) ([]item, error)
}

// name tells the kind apart from the others.
func (k kind) name() string { return k.types[0] }

// family is the kinds of one service.
type family struct {
	name string
	// services are the signing names whose calls may change these kinds: an
	// Auto Scaling group, for one, starts EC2 instances.
	services []string
	kinds    []kind
}

// families lists all that the recorder reads.
func families(r *reader) []family {
	return []family{
		r.ec2(), r.elb(), r.autoscaling(), r.rds(), r.s3(), r.iam(), r.lambda(), r.dynamodb(),
		r.sqs(), r.sns(), r.kms(), r.secrets(), r.cloudwatch(), r.cloudtrail(), r.acm(), r.cloudfront(),
		r.wafv2(), r.route53(), r.ecr(), r.backup(), r.events(),
	}
}

// reader holds what the families share.
type reader struct {
	config          aws.Config
	account, region string
}

func newReader(opt Options, client *http.Client) *reader {
	return &reader{account: opt.Account, region: opt.Region, config: aws.Config{
		Region:       opt.Region,
		BaseEndpoint: aws.String(opt.Upstream.String()),
		// The control plane checks no signature; asAccount says who asks.
		Credentials:      credentials.NewStaticCredentialsProvider("recorder", "recorder", ""),
		HTTPClient:       client,
		RetryMaxAttempts: 2,
	}}
}

// asAccount sends every request in the name of the account: moto tells
// accounts apart by access keys it has made, and the recorder has none.
type asAccount struct {
	account string
	*http.Transport
}

// RoundTrip sends a copy of the request with the account in a header.
func (a asAccount) RoundTrip(request *http.Request) (*http.Response, error) {
	named := request.Clone(request.Context())
	named.Header.Set("X-Moto-Account-Id", a.account)
	return a.Transport.RoundTrip(named)
}

// arn returns an ARN in the account and region.
func (r *reader) arn(service, rest string) string {
	return "arn:aws:" + service + ":" + r.region + ":" + r.account + ":" + rest
}

// item returns the beginning of an item in the region.
func (r *reader) item(kind, id, name, arn string) item {
	return item{kind: kind, id: id, name: name, arn: arn, region: r.region, zone: zoneNone}
}

// pages calls each for every page of a listing.
func pages[O, P any](ctx context.Context, paginator interface {
	HasMorePages() bool
	NextPage(context.Context, ...func(*P)) (*O, error)
}, each func(*O)) error {
	for paginator.HasMorePages() {
		out, err := paginator.NextPage(ctx)
		if err != nil {
			return err
		}
		each(out)
	}
	return nil
}
