package seed

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/acm/types"
)

// Names in DNS. "example" is reserved for documentation (RFC 2606).
const (
	publicZone  = "bookshop.example"
	privateZone = "bookshop.internal"
	shopName    = "shop." + publicZone
	staticName  = "static." + publicZone
	staleName   = "old-shop." + publicZone
)

// acm requests the shop's certificate, validated by DNS.
func (s *scope) acm() {
	arn := create(s, Resource{Kind: "AWS::CertificateManager::Certificate", Name: shopName}, s.clients.acm.RequestCertificate, &acm.RequestCertificateInput{
		DomainName: aws.String(shopName), SubjectAlternativeNames: []string{shopName, staticName, "www." + publicZone},
		ValidationMethod: types.ValidationMethodDns, KeyAlgorithm: types.KeyAlgorithmEcPrime256v1, Tags: s.acmTags(),
	}, func(o *acm.RequestCertificateOutput) *string { return o.CertificateArn })
	s.set("certificate", arn)
}

// validation is the record ACM asks for, which stays in the zone because ACM
// looks at it again for each renewal.
func (s *scope) validation() (name, value string) {
	record := get(s, s.clients.acm.DescribeCertificate, &acm.DescribeCertificateInput{CertificateArn: aws.String(s.id("certificate"))},
		func(o *acm.DescribeCertificateOutput) *types.ResourceRecord {
			for _, v := range o.Certificate.DomainValidationOptions {
				if v.ResourceRecord != nil {
					return v.ResourceRecord
				}
			}
			return nil
		})
	if record == nil {
		return "", ""
	}
	return aws.ToString(record.Name), aws.ToString(record.Value)
}
