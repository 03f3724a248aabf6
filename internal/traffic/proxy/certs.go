package proxy

import (
	"bytes"
	"crypto/tls"
	"os"
	"sync/atomic"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/traffic/proxy/rules"
)

// certificates are those of a listener, read anew when a file changes. A pair
// that cannot be read, or whose parts do not belong together, which happens
// between two writes, leaves the old one in use.
type certificates struct {
	files   []rules.Certificate
	current atomic.Pointer[[]pair]
}

type pair struct {
	certPEM, keyPEM []byte
	certificate     tls.Certificate
}

func openCertificates(files []rules.Certificate) (*certificates, error) {
	c := &certificates{files: files}
	_, err := c.reload()
	if err != nil {
		return nil, err
	}
	return c, nil
}

// reload reads the files and reports whether the content changed.
func (c *certificates) reload() (changed bool, err error) {
	before := c.current.Load()
	next := make([]pair, 0, len(c.files))
	for i, f := range c.files {
		var old *pair
		if before != nil {
			old = &(*before)[i]
		}
		p, same, err := readPair(f, old)
		if err != nil {
			return false, err
		}
		changed = changed || !same
		next = append(next, p)
	}
	if changed {
		c.current.Store(&next)
	}
	return changed, nil
}

func readPair(f rules.Certificate, old *pair) (p pair, same bool, err error) {
	if p.certPEM, err = os.ReadFile(f.CertFile); err != nil {
		return p, false, fault.Wrap(err, "read certificate", f.CertFile)
	}
	if p.keyPEM, err = os.ReadFile(f.KeyFile); err != nil {
		return p, false, fault.Wrap(err, "read key", f.KeyFile)
	}
	if old != nil && bytes.Equal(p.certPEM, old.certPEM) && bytes.Equal(p.keyPEM, old.keyPEM) {
		return *old, true, nil
	}
	if p.certificate, err = tls.X509KeyPair(p.certPEM, p.keyPEM); err != nil {
		return p, false, fault.Of(fault.Invalid, "read certificate", f.CertFile, err)
	}
	return p, false, nil
}

// config returns the TLS of a listener: the first certificate that fits the
// client wins, and the first of all serves a client that names no host.
func (c *certificates) config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			list := *c.current.Load()
			for i := range list {
				if hello.SupportsCertificate(&list[i].certificate) == nil {
					return &list[i].certificate, nil
				}
			}
			return &list[0].certificate, nil
		},
	}
}
