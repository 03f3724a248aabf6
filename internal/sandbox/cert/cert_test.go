package cert_test

import (
	"bytes"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"crypto/tls"

	"example.com/landfall/internal/sandbox/cert"
)

// A client that trusts the authority gets through by each name, one that does
// not is refused, and so is a name the certificate does not have.
func TestServerIsTrustedByItsAuthorityOnly(t *testing.T) {
	t.Parallel()
	authority, err := cert.New("test", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	pair, err := authority.Server([]string{"management.azure.com"}, []net.IP{net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") }))
	if server.TLS, err = pair.TLS(); err != nil {
		t.Fatal(err)
	}
	server.Config.ErrorLog = nil
	server.StartTLS()
	defer server.Close()

	trusting := x509.NewCertPool()
	trusting.AppendCertsFromPEM(authority.PEM)
	for _, c := range []struct {
		name  string
		roots *x509.CertPool
		host  string
		ok    bool
	}{
		{"by address", trusting, "127.0.0.1", true},
		{"by name", trusting, "management.azure.com", true},
		{"by another name", trusting, "example.org", false},
		{"without trust", x509.NewCertPool(), "127.0.0.1", false},
	} {
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: c.roots, ServerName: c.host}, DisableKeepAlives: true}}
		res, err := client.Get(server.URL)
		if err == nil {
			res.Body.Close()
		}
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestBundleEndsWithTheAuthority(t *testing.T) {
	t.Parallel()
	authority, err := cert.New("test", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	bundle := authority.Bundle()
	if !bytes.HasSuffix(bundle, authority.PEM) || !x509.NewCertPool().AppendCertsFromPEM(bundle) {
		t.Error("the bundle does not hold the authority")
	}
}

func TestBrokenPair(t *testing.T) {
	t.Parallel()
	if _, err := (cert.Pair{Certificate: []byte("x"), Key: []byte("y")}).TLS(); err == nil {
		t.Error("a broken pair is used")
	}
}
