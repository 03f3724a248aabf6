package common

import (
	"strings"
	"unicode"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/inventory"
)

// SecretName is the name that a vault takes for a secret or parameter of the
// source: letters, digits and hyphens, at most 127 (Microsoft Learn, "Azure
// Key Vault keys, secrets and certificates overview").
func SecretName(name string) string {
	var out strings.Builder
	for _, r := range strings.Trim(name, "/") {
		if r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			out.WriteRune(r)
		} else if out.Len() > 0 && !strings.HasSuffix(out.String(), "-") {
			out.WriteByte('-')
		}
	}
	text := strings.Trim(out.String(), "-")
	if len(text) > 127 {
		text = strings.Trim(text[:127-9], "-") + "-" + GUID(text)[:8]
	}
	if text == "" {
		return "secret"
	}
	return text
}

// VaultFor returns a vault beside the workload's own, for what others than the
// workload's own identities may read: purpose is part of its name.
func VaultFor(c *design.Context, purpose string) cloud.ResourceID {
	if purpose == "" {
		return Vault(c)
	}
	return c.Once("common/vault/"+purpose, func() cloud.ResourceID { return putVault(c, purpose+"-"+c.Options.Workload, false) })
}

// Certificates returns the vault of the certificates. It is not Vault, because
// who reads the secrets of a vault reads the private keys of its certificates.
func Certificates(c *design.Context) cloud.ResourceID { return VaultFor(c, "certs") }

// CertificateSecret returns the expression for the address of the secret that
// a certificate of the source has at the target, for what serves TLS with it:
// the certificate is issued or imported before the cutover.
func CertificateSecret(c *design.Context, r *inventory.Resource) string {
	return c.ParameterOf(r, design.Parameter{Name: ParameterName("certificate", r.Name), Default: "https://" + LastName(Certificates(c)) + ".vault.azure.net/secrets/" + SecretName(r.Name),
		Description: "Address of the secret of the certificate for " + r.Name + " in the vault of certificates"})
}

// LastName is the name in an id: what follows its last slash.
func LastName(id cloud.ResourceID) string {
	return string(id[strings.LastIndex(string(id), "/")+1:])
}

// ParameterName makes the name of a parameter: words joined by capitals.
func ParameterName(words ...string) string {
	var out strings.Builder
	for _, r := range strings.Join(words, " ") {
		switch {
		case r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)):
			if strings.HasSuffix(out.String(), "-") {
				text := strings.TrimSuffix(out.String(), "-")
				out.Reset()
				out.WriteString(text)
				r = unicode.ToUpper(r)
			}
			out.WriteRune(r)
		case out.Len() > 0 && !strings.HasSuffix(out.String(), "-"):
			out.WriteByte('-')
		}
	}
	return strings.TrimSuffix(out.String(), "-")
}
