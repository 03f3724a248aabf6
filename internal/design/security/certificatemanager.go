package security

import (
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
)

const certificatesPage = "Microsoft Learn, About Azure Key Vault certificates"

func certificateRules() []design.Rule {
	return []design.Rule{{Name: "acm/certificate", Kinds: []cloud.Kind{"AWS::CertificateManager::Certificate", "AWS::IAM::ServerCertificate"}, Stage: design.Keys, Source: certificatesPage, Targets: []cloud.Kind{vaultKind}, Apply: certificate}}
}

// certificate finds the vault for a certificate. It is issued anew unless its
// key may leave ACM (ACM User Guide, "Exportable public certificates").
func certificate(c *design.Context, r *inventory.Resource) design.Decision {
	s := common.Open(c, r).Knows("CertificateArn", "DomainName", "DomainValidationOptions", "ServerCertificateName", "Path", "CertificateBody", "CertificateChain", "PrivateKey", "CertificateTransparencyLoggingPreference", "Status")
	names := with(s.Texts("SubjectAlternativeNames"), s.Text("DomainName"))
	slices.Sort(names)
	names = slices.DeleteFunc(slices.Compact(names), func(n string) bool { return n == "" })
	vault := common.Certificates(c)
	c.Attach(r, vault)
	s.Decide(design.Migrate, common.NamedGaps, "the certificate for %s (%s) gets a successor in the vault of certificates, which Application Gateway and Front Door read; Front Door can also bring a managed one", strings.Join(names, ", "), s.Plain("KeyAlgorithm", "RSA_2048"))
	exportable := s.Text("CertificateExport") == "ENABLED" || r.Kind == "AWS::IAM::ServerCertificate" || s.Text("Type") == "IMPORTED"
	switch {
	case s.Has("CertificateAuthorityArn"):
		s.Meets("certificate.private", "CertificateAuthorityArn")
	case exportable:
		s.Do("export the certificate of %s with its key and import it into the vault as %s before the cutover", r.Name, common.SecretName(r.Name))
	default:
		s.Gap("certificate.export", "CertificateExport=DISABLED")
		s.Do("order a certificate for %s in the vault as %s before the cutover; prove the names by DNS while they still point to AWS", strings.Join(names, ", "), common.SecretName(r.Name))
	}
	if method := s.Plain("ValidationMethod", "DNS"); method == "EMAIL" {
		s.Meets("certificate.email", "ValidationMethod")
	} else if !exportable {
		s.Gap("certificate.renewal", "ValidationMethod="+method)
	}
	if strings.HasPrefix(s.Text("KeyAlgorithm"), "EC_") {
		s.Meets("certificate.curve", "KeyAlgorithm")
	}
	s.Not("a managed certificate of Front Door or App Service", "it serves that one service only and proves the name again when the traffic has moved")
	s.EffortDays = 0.5
	return s.Done()
}
