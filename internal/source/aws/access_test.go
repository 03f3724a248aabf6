package aws

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m, testkit.Body{Name: "scan", Run: scanInChild}) }

func TestAccessAgainstAControlPlane(t *testing.T) {
	t.Parallel()
	server := testkit.SharedMoto(t)
	a := NewAccess(server.Config(t))
	caller, err := a.Caller(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if string(caller.Account) != server.Account || !strings.HasPrefix(caller.Name, "arn:aws:") || time.Since(caller.ServerTime).Abs() > time.Minute {
		t.Errorf("caller %+v; want account %s, an ARN and the server's time", caller, server.Account)
	}
	names := map[string]bool{}
	for _, p := range a.Probe(t.Context()) {
		// Bare moto answers these two not at all or in a form of its own; the
		// sandbox's gateway answers them, and has tests with AWS's clients.
		known := p.Permission == "cloudwatch:ListMetrics" || p.Permission == "cloudtrail:LookupEvents"
		if p.Err != nil && !known {
			t.Errorf("%s: %v", p.Permission, p.Err)
		}
		names[p.Permission] = true
	}
	if len(names) != len(a.reads()) {
		t.Errorf("%d different permissions probed, want %d", len(names), len(a.reads()))
	}
}

// A policy that allows nothing: each permission is named, none is a fault of
// the network.
func TestProbesThatAreDenied(t *testing.T) {
	t.Parallel()
	a := NewAccess(quick(refusing(t, http.StatusForbidden, "AccessDenied")))
	for _, p := range a.Probe(t.Context()) {
		if !fault.Is(p.Err, fault.Denied) || !strings.Contains(p.Err.Error(), p.Permission) {
			t.Errorf("%s: %v (%s); want denied, and the permission's name", p.Permission, p.Err, fault.KindOf(p.Err))
		}
	}
	if _, err := a.Caller(t.Context()); !fault.Is(err, fault.Denied) || !strings.Contains(fault.HintOf(err), "aws configure") {
		t.Errorf("caller: %v, hint %q", err, fault.HintOf(err))
	}
}

func TestAccessWhenNobodyAnswers(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := "http://" + listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	a := NewAccess(quick(closed))
	_, err = a.Caller(t.Context())
	if !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "connection refused") || strings.Contains(err.Error(), "StatusCode") {
		t.Errorf("%v (%s); want unavailable, in one sentence", err, fault.KindOf(err))
	}
	for _, p := range a.Probe(t.Context()) {
		if !fault.Is(p.Err, fault.Unavailable) {
			t.Errorf("%s: %v, want unavailable", p.Permission, p.Err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.Caller(ctx); !fault.Is(err, fault.Canceled) {
		t.Errorf("cancelled: %v (%s), want canceled", err, fault.KindOf(err))
	}
}

// quick is a configuration for the endpoint that does not try again.
func quick(endpoint string) sdk.Config {
	return sdk.Config{
		Region: testkit.Region, BaseEndpoint: sdk.String(endpoint), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("AKIA00000000EXAMPLE0", "example", ""),
		HTTPClient:  &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{Proxy: nil}},
	}
}

// refusing answers every request with the error, in the JSON protocols' form
// or the query protocol's, as the caller asks.
func refusing(t *testing.T, status int, code string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Amzn-Errortype", code)
		switch {
		case strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-amz-json"):
			w.WriteHeader(status)
			_, _ = w.Write([]byte(`{"__type":"` + code + `","message":"no"}`))
		case r.Header.Get("Smithy-Protocol") != "":
			w.Header().Set("Smithy-Protocol", r.Header.Get("Smithy-Protocol"))
			w.Header().Set("Content-Type", "application/cbor")
			w.WriteHeader(status)
			_, _ = w.Write(append([]byte{0xa1, 0x66, '_', '_', 't', 'y', 'p', 'e', 0x60 + byte(len(code))}, code...))
		default:
			form := "<ErrorResponse><Error><Code>" + code + "</Code><Message>no</Message></Error></ErrorResponse>"
			if r.FormValue("Action") == "DescribeVpcs" { // EC2 has a form of its own
				form = "<Response><Errors><Error><Code>" + code + "</Code><Message>no</Message></Error></Errors></Response>"
			}
			if r.Method == http.MethodGet && !strings.HasPrefix(r.URL.Path, "/2013-04-01") {
				form = "<Error><Code>" + code + "</Code><Message>no</Message></Error>"
			}
			w.WriteHeader(status)
			_, _ = w.Write([]byte(form))
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// alone hides the SDK's own files and variables; the SDK reads the process's
// environment, so tests that use it are not parallel.
func alone(t *testing.T) {
	t.Helper()
	none := filepath.Join(t.TempDir(), "none")
	for name, value := range map[string]string{
		"AWS_CONFIG_FILE": none, "AWS_SHARED_CREDENTIALS_FILE": none, "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_PROFILE": "", "AWS_REGION": "", "AWS_DEFAULT_REGION": "", "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "",
		"AWS_ENDPOINT_URL": "", "AWS_WEB_IDENTITY_TOKEN_FILE": "", "AWS_CONTAINER_CREDENTIALS_FULL_URI": "", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "",
	} {
		t.Setenv(name, value)
	}
}

func TestSDKSettings(t *testing.T) {
	alone(t)
	if _, err := SDK(t.Context(), Settings{}); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "region") || fault.HintOf(err) == "" {
		t.Errorf("no region: %v, hint %q", err, fault.HintOf(err))
	}
	if _, err := SDK(t.Context(), Settings{Region: "eu-west-1", Profile: "nobody"}); !fault.Is(err, fault.Invalid) || !strings.Contains(fault.HintOf(err), "nobody") {
		t.Errorf("no such profile: %v, hint %q", err, fault.HintOf(err))
	}
	config, err := SDK(t.Context(), Settings{Region: "eu-west-1", Endpoint: "http://127.0.0.1:1"})
	if err != nil || config.Region != "eu-west-1" || sdk.ToString(config.BaseEndpoint) != "http://127.0.0.1:1" {
		t.Errorf("%+v, %v", config, err)
	}
	file := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(file, []byte("[profile team]\nregion = eu-north-1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CONFIG_FILE", file)
	if config, err = SDK(t.Context(), Settings{Profile: "team"}); err != nil || config.Region != "eu-north-1" {
		t.Errorf("the profile's region: %q, %v", config.Region, err)
	}
}

// Without credentials the text says so, and not how the SDK looked for them.
func TestCallerWithoutCredentials(t *testing.T) {
	alone(t)
	config, err := SDK(t.Context(), Settings{Region: "us-east-1", Endpoint: "http://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = NewAccess(config).Caller(t.Context())
	if !fault.Is(err, fault.Denied) || !strings.Contains(err.Error(), "no credentials") || strings.Contains(err.Error(), "IMDS") {
		t.Errorf("%v (%s); want denied, in plain words", err, fault.KindOf(err))
	}
}
