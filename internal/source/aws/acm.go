package aws

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/acm/types"
)

type acmReader interface {
	acm.DescribeCertificateAPIClient
	acm.ListCertificatesAPIClient
	ListTagsForCertificate(context.Context, *acm.ListTagsForCertificateInput, ...func(*acm.Options)) (*acm.ListTagsForCertificateOutput, error)
}

// acmService reads certificates, of every algorithm: ListCertificates answers
// RSA of 1024 and 2048 bits only unless it is asked for others (ACM API
// reference, Filters).
func acmService() service {
	return service{name: "acm", steps: func(config sdk.Config) []*step {
		var api acmReader = acm.NewFromConfig(config)
		all := ask(api.ListCertificates, func(item) *acm.ListCertificatesInput {
			return &acm.ListCertificatesInput{Includes: &types.Filters{KeyTypes: types.KeyAlgorithm("").Values()}}
		})
		return []*step{all.items("CertificateSummaryList", "AWS::CertificateManager::Certificate").with(
			get(api.DescribeCertificate, "CertificateArn").into("Certificate", ""),
			get(api.ListTagsForCertificate, "CertificateArn").into("Tags", "Tags"),
		)}
	}}
}
