package arm

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"

	"example.com/landfall/internal/fault"
	"github.com/google/renameio/v2"
)

// certificateLife is how long the sandbox's certificates are good for; they
// are made anew when less than a month of it is left.
const (
	certificateLife = 365 * 24 * time.Hour
	renewBefore     = 30 * 24 * time.Hour
)

// Certificate returns a server certificate for the hosts, besides 127.0.0.1,
// ::1 and localhost, and the file of the authority that signed it. Both are
// made in dir when they are missing, run out, or do not cover the hosts. Each
// folder has an authority of its own, whose key stays in it.
func Certificate(dir string, hosts []string) (certificate tls.Certificate, caFile string, err error) {
	caFile = filepath.Join(dir, "ca.pem")
	hosts = append([]string{"127.0.0.1", "::1", "localhost"}, hosts...)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return tls.Certificate{}, "", fault.Wrap(err, "make certificate folder", dir)
	}
	authority, err := loadOrMake(filepath.Join(dir, "ca"), func() (pair, error) { return makeAuthority(time.Now()) }, nil)
	if err != nil {
		return tls.Certificate{}, "", err
	}
	fits := func(c *x509.Certificate) bool {
		pool := x509.NewCertPool()
		pool.AddCert(authority.certificate)
		_, err := c.Verify(x509.VerifyOptions{Roots: pool})
		return err == nil && !slices.ContainsFunc(hosts, func(h string) bool { return c.VerifyHostname(h) != nil })
	}
	server, err := loadOrMake(filepath.Join(dir, "server"), func() (pair, error) { return makeServer(authority, hosts, time.Now()) }, fits)
	if err != nil {
		return tls.Certificate{}, "", err
	}
	return tls.Certificate{Certificate: [][]byte{server.certificate.Raw, authority.certificate.Raw}, PrivateKey: server.key, Leaf: server.certificate}, caFile, nil
}

// pair is a certificate with its key.
type pair struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// loadOrMake reads NAME.pem and NAME-key.pem, or makes and writes them when
// they are not there or no longer good. A file that is there and cannot be read
// is an error: it may be somebody's.
func loadOrMake(name string, create func() (pair, error), fits func(*x509.Certificate) bool) (pair, error) {
	p, err := load(name)
	if err == nil && time.Until(p.certificate.NotAfter) > renewBefore && (fits == nil || fits(p.certificate)) {
		return p, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return pair{}, err
	}
	if p, err = create(); err != nil {
		return pair{}, err
	}
	return p, save(name, p)
}

func load(name string) (pair, error) {
	var p pair
	certificate, err := readPEM(name + ".pem")
	if err != nil {
		return p, err
	}
	key, err := readPEM(name + "-key.pem")
	if err != nil {
		return p, err
	}
	if p.certificate, err = x509.ParseCertificate(certificate); err != nil {
		return p, fault.Of(fault.Invalid, "read certificate", name+".pem", err).Hintf("remove %s and start again", filepath.Dir(name))
	}
	if p.key, err = x509.ParseECPrivateKey(key); err != nil {
		return p, fault.Of(fault.Invalid, "read certificate key", name+"-key.pem", err).Hintf("remove %s and start again", filepath.Dir(name))
	}
	return p, nil
}

func readPEM(path string) ([]byte, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fault.Wrap(err, "read certificate", path)
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, fault.Of(fault.Invalid, "read certificate", path, errors.New("it holds no PEM block")).Hintf("remove %s and start again", filepath.Dir(path))
	}
	return block.Bytes, nil
}

func save(name string, p pair) error {
	key, err := x509.MarshalECPrivateKey(p.key)
	if err != nil {
		return fault.Of(fault.Internal, "write certificate key", name, err)
	}
	if err := renameio.WriteFile(name+"-key.pem", pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: key}), 0o600); err != nil {
		return fault.Wrap(err, "write certificate key", name+"-key.pem")
	}
	if err := renameio.WriteFile(name+".pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.certificate.Raw}), 0o644); err != nil {
		return fault.Wrap(err, "write certificate", name+".pem")
	}
	return nil
}

func makeAuthority(now time.Time) (pair, error) {
	template, err := blank("Landfall sandbox authority", now)
	if err != nil {
		return pair{}, err
	}
	template.IsCA, template.BasicConstraintsValid, template.MaxPathLenZero = true, true, true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	return sign(template, pair{})
}

func makeServer(authority pair, hosts []string, now time.Time) (pair, error) {
	template, err := blank("Landfall sandbox", now)
	if err != nil {
		return pair{}, err
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
			continue
		}
		template.DNSNames = append(template.DNSNames, h)
	}
	return sign(template, authority)
}

func blank(name string, now time.Time) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, fault.Of(fault.Internal, "make certificate", name, err)
	}
	return &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: name}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(certificateLife)}, nil
}

// sign makes a key for the template; an authority of its own when by is empty.
func sign(template *x509.Certificate, by pair) (pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return pair{}, fault.Of(fault.Internal, "make certificate key", template.Subject.CommonName, err)
	}
	if by.key == nil {
		by = pair{template, key}
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, by.certificate, &key.PublicKey, by.key)
	if err != nil {
		return pair{}, fault.Of(fault.Internal, "make certificate", template.Subject.CommonName, err)
	}
	certificate, err := x509.ParseCertificate(raw)
	return pair{certificate, key}, err
}
