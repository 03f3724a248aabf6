package certs

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"example.com/landfall/internal/engine/host"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/store/durable"
)

const (
	day = 24 * time.Hour
	// authorityFor and leafFor are how long certificates are valid. The
	// authority outlives the folder: replacing it would cut off clients that
	// are connected.
	authorityFor = 20 * 365 * day
	leafFor      = 365 * day
	// renewBefore is how long before its end a certificate is replaced.
	renewBefore = 90 * day
	// clockSkew is how far clocks of the same machine may disagree, after
	// they were set back for example.
	clockSkew = time.Hour
)

// pair is a certificate with its key, as made or as read.
type pair struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// leaf is a certificate that the authority signs.
type leaf struct {
	certFile, keyFile string
	name              string
	usage             []x509.ExtKeyUsage
}

// leaves are the two. The server shows the same certificate when one of its
// services calls another.
func leaves() []leaf {
	return []leaf{
		{host.FileServerCert, host.FileServerKey, host.ServerName, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}},
		{host.FileClientCert, host.FileClientKey, "landfall-client", []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}},
	}
}

// Ensure makes the folder's certificates, or those that are missing, broken,
// of another authority or near their end. It returns the names of the files
// that it made anew; a second call makes none.
func Ensure(dir string, now time.Time) ([]string, error) {
	var made []string
	authority, err := readPair(dir, host.FileCA, host.FileCAKey)
	if err != nil || !authority.cert.IsCA || !usable(authority.cert, now, leafFor) {
		if authority, err = issueAuthority(dir, now); err != nil {
			return nil, err
		}
		made = append(made, host.FileCA)
	}
	for _, l := range leaves() {
		have, err := readPair(dir, l.certFile, l.keyFile)
		if err == nil && have.cert.CheckSignatureFrom(authority.cert) == nil && usable(have.cert, now, renewBefore) {
			continue
		}
		if err := issueLeaf(dir, l, authority, now); err != nil {
			return nil, err
		}
		made = append(made, l.certFile)
	}
	return made, nil
}

// usable reports whether the certificate is valid and stays so for a while.
func usable(c *x509.Certificate, now time.Time, remaining time.Duration) bool {
	return now.After(c.NotBefore) && now.Add(remaining).Before(c.NotAfter)
}

func readPair(dir, certFile, keyFile string) (pair, error) {
	loaded, err := tls.LoadX509KeyPair(filepath.Join(dir, certFile), filepath.Join(dir, keyFile))
	if err != nil {
		return pair{}, err
	}
	key, ok := loaded.PrivateKey.(crypto.Signer)
	if !ok {
		return pair{}, errors.New("the key does not sign")
	}
	return pair{loaded.Leaf, key}, nil
}

func issueAuthority(dir string, now time.Time) (pair, error) {
	template := &x509.Certificate{
		Subject:  pkix.Name{CommonName: "landfall-engine authority"},
		NotAfter: now.Add(authorityFor),
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
	}
	return issue(dir, order{host.FileCA, host.FileCAKey, template, nil}, now)
}

func issueLeaf(dir string, l leaf, authority pair, now time.Time) error {
	template := &x509.Certificate{
		Subject:  pkix.Name{CommonName: l.name},
		NotAfter: now.Add(leafFor),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: l.usage, BasicConstraintsValid: true,
		DNSNames: []string{l.name},
	}
	if l.certFile == host.FileServerCert {
		template.DNSNames = append(template.DNSNames, "localhost")
		template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	}
	_, err := issue(dir, order{l.certFile, l.keyFile, template, &authority}, now)
	return err
}

// order is a certificate to make.
type order struct {
	certFile, keyFile string
	template          *x509.Certificate
	// by signs it; nil means that it signs itself.
	by *pair
}

func issue(dir string, o order, now time.Time) (pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return pair{}, fault.Of(fault.Internal, "make key", o.keyFile, err)
	}
	o.template.NotBefore = now.Add(-clockSkew)
	// 128 random bits tell the certificates of all folders apart.
	if o.template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 128)); err != nil {
		return pair{}, fault.Of(fault.Internal, "make certificate", o.certFile, err)
	}
	by := o.by
	if by == nil {
		by = &pair{o.template, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, o.template, by.cert, key.Public(), by.key)
	if err != nil {
		return pair{}, fault.Of(fault.Internal, "make certificate", o.certFile, err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return pair{}, fault.Of(fault.Internal, "make certificate", o.certFile, err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return pair{}, fault.Of(fault.Internal, "write key", o.keyFile, err)
	}
	// The key first: a certificate without its key is found and made again.
	err = writePEM(filepath.Join(dir, o.keyFile), "PRIVATE KEY", secret)
	if err == nil {
		err = writePEM(filepath.Join(dir, o.certFile), "CERTIFICATE", der)
	}
	return pair{cert, key}, err
}

func writePEM(path, kind string, der []byte) error {
	// A file that somebody opened up to others does not keep its permissions.
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fault.Wrap(err, "replace", path)
	}
	return durable.Replace(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}
