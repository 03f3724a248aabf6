package azure

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	armpolicy "github.com/Azure/azure-sdk-for-go/sdk/azcore/arm/policy"
	azurecloud "github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"example.com/landfall/internal/fault"
)

// Settings is what landfall.yaml says about the target. Credentials are not
// part of it: they come from the SDK's own chain.
type Settings struct {
	Subscription string
	Tenant       string
	// Endpoint of Resource Manager and Authority that issues tokens; empty
	// means the public cloud.
	Endpoint  string
	Authority string
	// CAFile holds certificate authorities to trust besides the system's.
	CAFile string
}

// moduleVersion is what the SDK puts into the user agent; it insists on the
// form of a Go module version.
const moduleVersion = "v0.1.0"

// client is a Resource Manager client with what it was built from.
type client struct {
	settings   Settings
	credential azcore.TokenCredential
	arm        *arm.Client
}

// connect builds the client. It makes no request.
func connect(s Settings) (*client, error) {
	options, err := clientOptions(s)
	if err != nil {
		return nil, err
	}
	credential, err := azidentity.NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{
		ClientOptions: options, TenantID: s.Tenant,
		// Instance discovery asks the public cloud whether an authority is
		// genuine; a private authority is not known there, and a sandbox or a
		// disconnected cloud cannot reach it.
		DisableInstanceDiscovery: privateAuthority(s.Authority),
	})
	if err != nil {
		return nil, fault.Of(fault.Denied, "find Azure credentials", "", err).Hintf("az login")
	}
	c, err := arm.NewClient("landfall", moduleVersion, credential, &armpolicy.ClientOptions{ClientOptions: options})
	if err != nil {
		return nil, fault.Of(fault.Invalid, "build Resource Manager client", s.Endpoint, err)
	}
	return &client{settings: s, credential: credential, arm: c}, nil
}

func clientOptions(s Settings) (azcore.ClientOptions, error) {
	options := azcore.ClientOptions{Cloud: cloudOf(s)}
	options.Telemetry.ApplicationID = "landfall"
	if s.CAFile == "" {
		return options, nil
	}
	pem, err := os.ReadFile(s.CAFile)
	if err != nil {
		return options, fault.Wrap(err, "read certificate authorities", s.CAFile)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return options, fault.Of(fault.Invalid, "read certificate authorities", s.CAFile, nil).
			Hintf("the file must hold PEM certificates")
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	options.Transport = &http.Client{Transport: transport}
	return options, nil
}

// cloudOf returns the SDK's cloud configuration: the public cloud, or one with
// the endpoints of the settings.
func cloudOf(s Settings) azurecloud.Configuration {
	if s.Endpoint == "" && s.Authority == "" {
		return azurecloud.AzurePublic
	}
	public := azurecloud.AzurePublic.Services[azurecloud.ResourceManager]
	endpoint, audience := public.Endpoint, public.Audience
	if s.Endpoint != "" {
		endpoint, audience = s.Endpoint, s.Endpoint
	}
	authority := s.Authority
	if authority == "" {
		authority = azurecloud.AzurePublic.ActiveDirectoryAuthorityHost
	}
	return azurecloud.Configuration{
		ActiveDirectoryAuthorityHost: authority,
		Services: map[azurecloud.ServiceName]azurecloud.ServiceConfiguration{
			azurecloud.ResourceManager: {Endpoint: endpoint, Audience: audience},
		},
	}
}

func privateAuthority(authority string) bool {
	if authority == "" {
		return false
	}
	for _, c := range []azurecloud.Configuration{azurecloud.AzurePublic, azurecloud.AzureGovernment, azurecloud.AzureChina} {
		if strings.TrimSuffix(c.ActiveDirectoryAuthorityHost, "/") == strings.TrimSuffix(authority, "/") {
			return false
		}
	}
	return true
}
