package recorder

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/acm/types"
)

const typeCertificate = "AWS::ACM::Certificate"

type acmReader struct {
	*reader
	client *acm.Client
}

func (r *reader) acm() family {
	a := acmReader{r, acm.NewFromConfig(r.config)}
	return family{name: "acm", services: []string{"acm"}, kinds: []kind{{[]string{typeCertificate}, a.certificates}}}
}

func (a acmReader) certificates(ctx context.Context) ([]item, error) {
	var arns []string
	err := pages(ctx, acm.NewListCertificatesPaginator(a.client, &acm.ListCertificatesInput{}), func(out *acm.ListCertificatesOutput) {
		for _, one := range out.CertificateSummaryList {
			arns = append(arns, text(one.CertificateArn))
		}
	})
	if err != nil {
		return nil, err
	}
	var items []item
	for _, arn := range arns {
		out, err := a.client.DescribeCertificate(ctx, &acm.DescribeCertificateInput{CertificateArn: &arn})
		if err != nil {
			return nil, err
		}
		it := a.item(typeCertificate, arn, text(out.Certificate.DomainName), arn)
		it.zone, it.created, it.configuration = zoneRegional, when(out.Certificate.CreatedAt), camel(out.Certificate)
		tags, err := a.client.ListTagsForCertificate(ctx, &acm.ListTagsForCertificateInput{CertificateArn: &arn})
		if err != nil {
			return nil, err
		}
		it.tags = tagged(tags.Tags, func(t types.Tag) (*string, *string) { return t.Key, t.Value })
		it.supplementary = map[string]any{"Tags": tagList(it.tags)}
		items = append(items, it)
	}
	return items, nil
}
