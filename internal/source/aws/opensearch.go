package aws

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/opensearch"
)

type opensearchReader interface {
	DescribeDomain(context.Context, *opensearch.DescribeDomainInput, ...func(*opensearch.Options)) (*opensearch.DescribeDomainOutput, error)
	ListDomainNames(context.Context, *opensearch.ListDomainNamesInput, ...func(*opensearch.Options)) (*opensearch.ListDomainNamesOutput, error)
	ListTags(context.Context, *opensearch.ListTagsInput, ...func(*opensearch.Options)) (*opensearch.ListTagsOutput, error)
}

// opensearchService reads the domains of OpenSearch and of Elasticsearch. Their
// operations are named after the older.
func opensearchService() service {
	return service{name: "es", steps: func(config sdk.Config) []*step {
		var api opensearchReader = opensearch.NewFromConfig(config)
		return []*step{get(api.ListDomainNames).items("DomainNames", "AWS::OpenSearchService::Domain").with(
			get(api.DescribeDomain, "DomainName").into("DomainStatus", "").first(),
			get(api.ListTags, "ARN").into("TagList", "Tags"),
		)}
	}}
}
