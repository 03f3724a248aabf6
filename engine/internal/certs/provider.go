package certs

import (
	"crypto/tls"
	"crypto/x509"
	"path/filepath"
	"sync/atomic"
	"time"

	"go.temporal.io/server/common/rpc/encryption"

	"example.com/landfall/internal/engine/host"
	"example.com/landfall/internal/fault"
)

// Provider gives the services of the server their TLS settings. What it gave
// shows the newest certificate in each handshake, so that a renewal needs no
// restart. It may be used by several goroutines.
type Provider struct {
	dir         string
	authorities *x509.CertPool
	server      atomic.Pointer[tls.Certificate]
}

var _ encryption.TLSConfigProvider = (*Provider)(nil)

// Load reads the certificates that Ensure made.
func Load(dir string) (*Provider, error) {
	authority, err := readPair(dir, host.FileCA, host.FileCAKey)
	if err != nil {
		return nil, fault.Of(fault.Invalid, "read certificate", host.FileCA, err)
	}
	p := &Provider{dir: dir, authorities: x509.NewCertPool()}
	p.authorities.AddCert(authority.cert)
	return p, p.reload()
}

func (p *Provider) reload() error {
	loaded, err := tls.LoadX509KeyPair(filepath.Join(p.dir, host.FileServerCert), filepath.Join(p.dir, host.FileServerKey))
	if err != nil {
		return fault.Of(fault.Invalid, "read certificate", host.FileServerCert, err)
	}
	p.server.Store(&loaded)
	return nil
}

// Renew replaces certificates that are near their end, and returns the names
// of the files it made anew.
func (p *Provider) Renew(now time.Time) ([]string, error) {
	made, err := Ensure(p.dir, now)
	if err != nil || len(made) == 0 {
		return nil, err
	}
	return made, p.reload()
}

func (p *Provider) serverConfig() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13,
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: p.authorities,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return p.server.Load(), nil },
	}
}

func (p *Provider) clientConfig() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13, RootCAs: p.authorities, ServerName: host.ServerName,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return p.server.Load(), nil },
	}
}

// GetInternodeServerConfig is for services that services call.
func (p *Provider) GetInternodeServerConfig() (*tls.Config, error) { return p.serverConfig(), nil }

// GetInternodeClientConfig is for a service that calls another.
func (p *Provider) GetInternodeClientConfig() (*tls.Config, error) { return p.clientConfig(), nil }

// GetFrontendServerConfig is for the service that clients call.
func (p *Provider) GetFrontendServerConfig() (*tls.Config, error) { return p.serverConfig(), nil }

// GetFrontendClientConfig is for the server's own workers.
func (p *Provider) GetFrontendClientConfig() (*tls.Config, error) { return p.clientConfig(), nil }

// GetRemoteClusterClientConfig is for other clusters, of which there are none.
func (p *Provider) GetRemoteClusterClientConfig(string) (*tls.Config, error) {
	return p.clientConfig(), nil
}

// GetExpiringCerts reports nothing: Renew looks after that.
func (p *Provider) GetExpiringCerts(time.Duration) (expiring, expired encryption.CertExpirationMap, err error) {
	return encryption.CertExpirationMap{}, encryption.CertExpirationMap{}, nil
}
