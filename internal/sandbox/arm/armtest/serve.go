package armtest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"example.com/landfall/internal/sandbox/arm"
)

// Whom the servers of Serve know.
const (
	Subscription = "11111111-2222-3333-4444-555555555555"
	Tenant       = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
	Client       = "99999999-8888-7777-6666-555555555555"
	Secret       = "not-for-any-log"
)

// Running is a Resource Manager and its token endpoint, over TLS on loopback.
type Running struct {
	// URL is the endpoint, and the authority without its final slash.
	URL string
	// Authorities is the file of the certificate that vouches for it.
	Authorities string
	web         *httptest.Server
	server      *arm.Server
}

// Serve starts an empty subscription that checks structure only. The file of
// its certificate is put into the folder. Close ends it.
func Serve(folder string) (*Running, error) {
	server, err := arm.New(arm.Options{Subscription: Subscription, Tenant: Tenant, ClientID: Client, ClientSecret: Secret, Seed: 1})
	if err != nil {
		return nil, err
	}
	web := httptest.NewUnstartedServer(server)
	web.Config.ErrorLog = log.New(io.Discard, "", 0) // a client that hangs up is no news
	web.StartTLS()
	r := &Running{URL: web.URL, Authorities: filepath.Join(folder, "ca.pem"), web: web, server: server}
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw})
	if err := os.WriteFile(r.Authorities, certificate, 0o600); err != nil {
		web.Close()
		return nil, err
	}
	return r, nil
}

// Close ends the server and what it has under way.
func (r *Running) Close() error {
	r.web.Close()
	return r.server.Close(context.Background())
}

// Variables are those with which the SDK's chain finds exactly this credential.
func Variables() map[string]string {
	return map[string]string{
		"AZURE_TOKEN_CREDENTIALS": "EnvironmentCredential", "AZURE_TENANT_ID": Tenant, "AZURE_CLIENT_ID": Client, "AZURE_CLIENT_SECRET": Secret,
		"HTTPS_PROXY": "", "https_proxy": "",
	}
}

// Do makes one request as the owner of the subscription: what somebody else
// does there. Any answer but a success is an error.
func (r *Running) Do(ctx context.Context, method, path, version, body string) ([]byte, error) {
	pool := x509.NewCertPool()
	pool.AddCert(r.web.Certificate())
	client := &http.Client{Transport: &http.Transport{Proxy: nil, TLSClientConfig: &tls.Config{RootCAs: pool}}}
	defer client.CloseIdleConnections()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {Client}, "client_secret": {Secret}, "scope": {"https://management.azure.com/.default"}}
	token, err := send(ctx, client, http.MethodPost, r.URL+"/"+Tenant+"/oauth2/v2.0/token", form.Encode(), http.Header{"Content-Type": {"application/x-www-form-urlencoded"}})
	if err != nil {
		return nil, err
	}
	var granted struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal(token, &granted); err != nil {
		return nil, err
	}
	return send(ctx, client, method, r.URL+path+"?api-version="+version, body, http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer " + granted.Token}})
}

func send(ctx context.Context, client *http.Client, method, address, body string, header http.Header) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header = header
	answer, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close() //nolint:errcheck // only read
	content, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode >= http.StatusMultipleChoices {
		err = fmt.Errorf("%s %s: %s: %s", method, address, answer.Status, content)
	}
	return content, err
}
