package pool

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"os"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/traffic/proxy/rules"
)

// maxAnswerHead bounds the head of an answer.
const maxAnswerHead = 256 << 10

// continueWait is how long a body is held back for a 100-continue; a server
// that does not know it gets the body after that (RFC 9110, section 10.1.1).
const continueWait = time.Second

// transports are the ways to the endpoints of a side. Copies of requests have
// connections of their own, so that no user waits behind one.
type transports struct {
	plain, grpc, shadow, check *http.Transport
}

func newTransports(c rules.Side, secure *tls.Config) transports {
	plain := base(c, secure)
	plain.Protocols = protocols(c.Protocol, secure != nil)
	grpc := base(c, secure)
	grpc.Protocols = protocols(rules.HTTP2, secure != nil)
	// A stream's answer may begin when the stream ends.
	grpc.ResponseHeaderTimeout = 0
	shadow := plain.Clone()
	shadow.MaxIdleConnsPerHost = 8
	check := plain.Clone()
	// A new connection for each check sees a listener that is gone.
	check.DisableKeepAlives = true
	return transports{plain, grpc, shadow, check}
}

func base(c rules.Side, secure *tls.Config) *http.Transport {
	t := &http.Transport{
		DialContext:            (&net.Dialer{Timeout: c.Timeouts.Connect.Std(), KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:    c.Timeouts.Connect.Std(),
		MaxIdleConnsPerHost:    max(c.Connections.Idle, 1),
		IdleConnTimeout:        c.Timeouts.Idle.Std(),
		ResponseHeaderTimeout:  c.Timeouts.Header.Std(),
		ExpectContinueTimeout:  continueWait,
		MaxResponseHeaderBytes: maxAnswerHead,
		// The answer goes through as it is.
		DisableCompression: true,
		DisableKeepAlives:  c.Connections.Idle == 0,
	}
	if secure != nil {
		t.TLSClientConfig = secure.Clone()
	}
	return t
}

func protocols(p rules.Protocol, secure bool) *http.Protocols {
	var all http.Protocols
	switch {
	case p == rules.HTTP2 && secure:
		all.SetHTTP2(true)
	case p == rules.HTTP2:
		all.SetUnencryptedHTTP2(true)
	case p == rules.HTTP1 || !secure:
		all.SetHTTP1(true)
	default:
		all.SetHTTP1(true)
		all.SetHTTP2(true)
	}
	return &all
}

func (t transports) closeIdle() {
	for _, one := range []*http.Transport{t.plain, t.grpc, t.shadow, t.check} {
		one.CloseIdleConnections()
	}
}

// material is what a side's TLS files held: another content is another side.
type material struct {
	config *tls.Config
	sum    [sha256.Size]byte
}

// readMaterial returns the TLS of a side, nil for one without.
func readMaterial(c rules.Side, secure bool) (material, error) {
	if !secure {
		return material{}, nil
	}
	config, sum := &tls.Config{ServerName: c.TLS.ServerName, MinVersion: tls.VersionTLS12}, sha256.New()
	if c.TLS.CAFile != "" {
		pem, err := os.ReadFile(c.TLS.CAFile)
		if err != nil {
			return material{}, fault.Wrap(err, "read authorities", c.TLS.CAFile)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return material{}, fault.Of(fault.Invalid, "read authorities", c.TLS.CAFile, errors.New("no certificate in PEM"))
		}
		sum.Write(pem)
	}
	if c.TLS.CertFile != "" {
		cert, err := tls.LoadX509KeyPair(c.TLS.CertFile, c.TLS.KeyFile)
		if err != nil {
			return material{}, fault.Of(fault.Invalid, "read certificate", c.TLS.CertFile, err)
		}
		config.Certificates = []tls.Certificate{cert}
		for _, der := range cert.Certificate {
			sum.Write(der)
		}
	}
	return material{config, [sha256.Size]byte(sum.Sum(nil))}, nil
}
