package assess

import (
	"strings"

	"example.com/landfall/internal/cloud"
)

func (w *workload) secrets() []Secret {
	out := []Secret{}
	for _, r := range w.relevant() {
		if !holdsSecret(r.Kind, text(r, "Type")) {
			continue
		}
		s := Secret{ID: r.ID, Kind: r.Kind, Name: r.Name, Boundary: w.boundary(r.ID), UsedBy: w.usedBy(r.ID)}
		switch r.Kind {
		case "AWS::SecretsManager::Secret":
			s.Rotates = boolean(r, "RotationEnabled")
		case "AWS::KMS::Key":
			s.Rotates = boolean(r, "EnableKeyRotation")
		case "AWS::IAM::AccessKey":
			no := false
			s.Rotates = &no
		}
		out = append(out, s)
	}
	return out
}

// holdsSecret names the kinds whose value must be carried from store to store,
// or made anew. A parameter only counts when it is encrypted.
func holdsSecret(kind cloud.Kind, typ string) bool {
	switch kind {
	case "AWS::SecretsManager::Secret", "AWS::KMS::Key", "AWS::IAM::AccessKey", "AWS::IAM::ServerCertificate",
		"AWS::EC2::KeyPair", "AWS::ApiGateway::ApiKey", "AWS::CloudFront::PublicKey", "AWS::Transfer::User",
		"AWS::Cognito::UserPoolClient", "AWS::ApiGateway::ClientCertificate", "AWS::EC2::VPNConnection":
		return true
	case "AWS::SSM::Parameter":
		return typ == "SecureString"
	}
	return false
}

func (w *workload) certificates() []Certificate {
	out := []Certificate{}
	for _, r := range w.relevant() {
		if r.Kind != "AWS::CertificateManager::Certificate" && r.Kind != "AWS::IAM::ServerCertificate" {
			continue
		}
		c := Certificate{ID: r.ID, Boundary: w.boundary(r.ID), UsedBy: w.usedBy(r.ID), Names: []string{}}
		seen := map[string]bool{}
		for _, n := range append([]string{text(r, "DomainName")}, texts(list(r, "SubjectAlternativeNames"))...) {
			if n != "" && !seen[n] {
				seen[n] = true
				c.Names = append(c.Names, n)
			}
		}
		c.NotAfter = text(r, "NotAfter")
		c.Imported = strings.EqualFold(text(r, "Type"), "IMPORTED") || r.Kind == "AWS::IAM::ServerCertificate"
		switch option := strings.ToUpper(text(r, "CertificateExport") + text(r, "Options.Export")); {
		case strings.Contains(option, "ENABLED"):
			yes := true
			c.Exportable = &yes
		case option != "", strings.EqualFold(text(r, "Type"), "AMAZON_ISSUED"):
			// ACM exports a public certificate only when that was asked for at its
			// issue, and never one that was imported (ACM user guide, "Export").
			no := false
			c.Exportable = &no
		}
		out = append(out, c)
	}
	return out
}
