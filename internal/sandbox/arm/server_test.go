package arm_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/sandbox/arm"
	"example.com/landfall/internal/sandbox/arm/armtest"
	"example.com/landfall/internal/sandbox/arm/document"
	"example.com/landfall/internal/sandbox/cert"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azarm "github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

const (
	subscription = "11111111-2222-3333-4444-555555555555"
	tenant       = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
	client       = "99999999-8888-7777-6666-555555555555"
	secret       = "a secret of the sandbox"
)

// sandbox is a running server with the clients that a user would have.
type sandbox struct {
	t          *testing.T
	server     *arm.Server
	url        string
	http       *http.Client
	credential *azidentity.ClientSecretCredential
	options    *azarm.ClientOptions
}

// start serves an empty subscription over TLS on a free port.
func start(t *testing.T, change ...func(*arm.Options)) *sandbox {
	t.Helper()
	o := arm.Options{Subscription: subscription, Tenant: tenant, ClientID: client, ClientSecret: secret, Types: armtest.Types(t), Delay: 10 * time.Millisecond, Seed: 1}
	for _, c := range change {
		c(&o)
	}
	server, err := arm.New(o)
	if err != nil {
		t.Fatal(err)
	}
	authority, err := cert.New("test", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	pair, err := authority.Server(nil, []net.IP{net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	config, err := pair.TLS()
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	web := &http.Server{Handler: server, TLSConfig: config, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = web.ServeTLS(listener, "", "") }()
	t.Cleanup(func() {
		web.Close()
		if err := server.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	s := &sandbox{t: t, server: server, url: "https://" + listener.Addr().String(), http: trusting(t, authority)}
	s.connect()
	return s
}

func trusting(t *testing.T, authority *cert.Authority) *http.Client {
	t.Helper()
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(authority.PEM) {
		t.Fatal("the authority holds no certificate")
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: time.Minute}
}

// connect makes the credential exactly as documentation tells users to.
func (s *sandbox) connect() {
	s.t.Helper()
	configuration := cloud.Configuration{ActiveDirectoryAuthorityHost: s.url, Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
		cloud.ResourceManager: {Endpoint: s.url, Audience: "https://management.azure.com"},
	}}
	common := policy.ClientOptions{Cloud: configuration, Transport: s.http, Retry: policy.RetryOptions{MaxRetries: 3, RetryDelay: 10 * time.Millisecond}}
	var err error
	s.credential, err = azidentity.NewClientSecretCredential(tenant, client, secret, &azidentity.ClientSecretCredentialOptions{ClientOptions: common, DisableInstanceDiscovery: true})
	if err != nil {
		s.t.Fatal(err)
	}
	s.options = &azarm.ClientOptions{ClientOptions: common, DisableRPRegistration: true}
}

func (s *sandbox) token() string {
	s.t.Helper()
	token, err := s.credential.GetToken(s.t.Context(), policy.TokenRequestOptions{Scopes: []string{"https://management.azure.com/.default"}})
	if err != nil {
		s.t.Fatal(err)
	}
	return token.Token
}

// answer is a plain HTTP answer.
type answer struct {
	status int
	header http.Header
	body   map[string]any
}

func (a answer) code() string { return document.Text(a.body, "error.code") }

// call sends a plain request. path starts behind the subscription unless it
// starts with "//".
func (s *sandbox) call(method, path, version string, body any, header ...string) answer {
	s.t.Helper()
	full := s.url + "/subscriptions/" + subscription + path
	if rest, ok := strings.CutPrefix(path, "//"); ok {
		full = s.url + "/" + rest
	}
	if version != "" {
		separator := "?"
		if strings.Contains(full, "?") {
			separator = "&"
		}
		full += separator + "api-version=" + version
	}
	return s.send(method, full, body, append([]string{"Authorization", "Bearer " + s.token()}, header...)...)
}

func (s *sandbox) send(method, url string, body any, header ...string) answer {
	s.t.Helper()
	var reader io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		reader = strings.NewReader(b)
	default:
		data, err := json.Marshal(b)
		if err != nil {
			s.t.Fatal(err)
		}
		reader = bytes.NewReader(data)
	}
	r, err := http.NewRequestWithContext(s.t.Context(), method, url, reader)
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w, err := s.http.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer w.Body.Close()
	data, err := io.ReadAll(w.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	a := answer{status: w.StatusCode, header: w.Header}
	if a.body, err = document.DecodeObject(data); err != nil {
		s.t.Fatalf("%s %s: %d %s: %v", method, url, w.StatusCode, data, err)
	}
	return a
}

// done polls an asynchronous answer to its end and returns the operation.
func (s *sandbox) done(a answer) answer {
	s.t.Helper()
	url := a.header.Get("Azure-AsyncOperation")
	if url == "" {
		url = a.header.Get("Location")
	}
	if url == "" {
		s.t.Fatalf("nothing to poll: %d %v", a.status, a.body)
	}
	deadline := time.Now().Add(30 * time.Second)
	for time.Now().Before(deadline) {
		p := s.send(http.MethodGet, url, nil, "Authorization", "Bearer "+s.token())
		status := document.Text(p.body, "status")
		if p.status != http.StatusAccepted && status != "InProgress" {
			return p
		}
		if p.header.Get("Retry-After") == "" {
			s.t.Errorf("no Retry-After while %s", status)
		}
	}
	s.t.Fatalf("%s did not end", url)
	return answer{}
}

// mustPut writes a resource and waits for it.
func (s *sandbox) mustPut(path, version string, body any) answer {
	s.t.Helper()
	a := s.call(http.MethodPut, path, version, body)
	if a.status >= 300 {
		s.t.Fatalf("PUT %s: %d %v", path, a.status, a.body)
	}
	if a.header.Get("Azure-AsyncOperation") != "" || a.header.Get("Location") != "" {
		if p := s.done(a); p.status >= 300 || document.Text(p.body, "status") == "Failed" {
			s.t.Fatalf("PUT %s ended: %d %v", path, p.status, p.body)
		}
	}
	got := s.call(http.MethodGet, path, version, nil)
	if got.status != http.StatusOK {
		s.t.Fatalf("GET %s: %d %v", path, got.status, got.body)
	}
	return got
}

func (s *sandbox) group(name string) string {
	s.t.Helper()
	s.mustPut("/resourceGroups/"+name, "2021-04-01", map[string]any{"location": "eastus"})
	return "/resourceGroups/" + name
}

func pollOptions() *runtime.PollUntilDoneOptions {
	return &runtime.PollUntilDoneOptions{Frequency: 20 * time.Millisecond}
}

func responseCode(err error) string {
	var e *azcore.ResponseError
	if errorsAs(err, &e) {
		return e.ErrorCode
	}
	return ""
}
