package cert

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"time"

	"example.com/landfall/internal/fault"
)

// lifetime is longer than any sandbox lives. Clocks that go wrong by up to a
// day are forgiven on both ends.
const lifetime = 90 * 24 * time.Hour

// Authority signs the certificates of one sandbox.
type Authority struct {
	// PEM is the certificate that clients are to trust.
	PEM         []byte
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// New makes an authority. now is the clock of the sandbox.
func New(name string, now time.Time) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fault.Wrap(err, "make a key", "")
	}
	template := &x509.Certificate{
		Subject:   pkix.Name{CommonName: name, Organization: []string{"Landfall sandbox"}},
		NotBefore: now.Add(-24 * time.Hour), NotAfter: now.Add(lifetime),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	der, err := sign(template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fault.Wrap(err, "read the certificate just made", "")
	}
	return &Authority{PEM: encode("CERTIFICATE", der), certificate: certificate, key: key}, nil
}

func sign(template, parent *x509.Certificate, public *ecdsa.PublicKey, key *ecdsa.PrivateKey) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fault.Wrap(err, "make a serial number", "")
	}
	template.SerialNumber = serial
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	return der, fault.Wrap(err, "sign a certificate", "")
}

// Pair is a server's certificate, with that of its authority, and its key.
type Pair struct{ Certificate, Key []byte }

// Server makes a certificate for a server that is reached under the names and
// addresses.
func (a *Authority) Server(names []string, addresses []net.IP) (Pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Pair{}, fault.Wrap(err, "make a key", "")
	}
	template := &x509.Certificate{
		Subject:   pkix.Name{CommonName: a.certificate.Subject.CommonName + " server"},
		NotBefore: a.certificate.NotBefore, NotAfter: a.certificate.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames: names, IPAddresses: addresses,
	}
	der, err := sign(template, a.certificate, &key.PublicKey, a.key)
	if err != nil {
		return Pair{}, err
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Pair{}, fault.Wrap(err, "encode a key", "")
	}
	chain := append(encode("CERTIFICATE", der), a.PEM...)
	return Pair{Certificate: chain, Key: encode("PRIVATE KEY", raw)}, nil
}

// TLS returns the pair as crypto/tls wants it.
func (p Pair) TLS() (*tls.Config, error) {
	pair, err := tls.X509KeyPair(p.Certificate, p.Key)
	if err != nil {
		return nil, fault.Wrap(err, "use a certificate", "")
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, nil
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// maxBundleBytes bounds the system's bundle, which has about 250 KB.
const maxBundleBytes = 8 << 20

// Bundle returns the certificates that the system trusts, where they are
// found, with the authority's own behind them: SSL_CERT_FILE replaces the
// system's trust, and a shell that points at the sandbox must still be able
// to reach the rest of the world.
func (a *Authority) Bundle() []byte {
	for _, path := range []string{
		"/etc/ssl/certs/ca-certificates.crt",                // Debian, Alpine
		"/etc/pki/tls/certs/ca-bundle.crt",                  // Fedora, Red Hat
		"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // CentOS
		"/etc/ssl/ca-bundle.pem",                            // openSUSE
		"/etc/ssl/cert.pem",                                 // macOS
	} {
		if info, err := os.Stat(path); err != nil || info.Size() > maxBundleBytes {
			continue
		}
		if system, err := os.ReadFile(path); err == nil {
			return append(append(system, '\n'), a.PEM...)
		}
	}
	return a.PEM
}
