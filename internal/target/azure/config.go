package azure

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"slices"
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

// cloudOf returns the SDK's cloud configuration: the cloud that the endpoint
// or the authority belongs to, with the addresses of the settings. Tokens are
// for that cloud's Resource Manager whatever stands in front of it (a gateway,
// a private link, the sandbox): Entra ID gives none for an address that it
// does not know. Azure Stack Hub has audiences of its own and is not served.
func cloudOf(s Settings) azurecloud.Configuration {
	home := homeOf(s)
	manager := home.Services[azurecloud.ResourceManager]
	if s.Endpoint != "" {
		manager.Endpoint = s.Endpoint
	}
	authority := home.ActiveDirectoryAuthorityHost
	if s.Authority != "" {
		authority = s.Authority
	}
	return azurecloud.Configuration{
		ActiveDirectoryAuthorityHost: authority,
		Services:                     map[azurecloud.ServiceName]azurecloud.ServiceConfiguration{azurecloud.ResourceManager: manager},
	}
}

// homeOf returns the cloud that the settings name; without a sign of another
// one, the public cloud.
func homeOf(s Settings) azurecloud.Configuration {
	for _, c := range clouds() {
		if same(c.Services[azurecloud.ResourceManager].Endpoint, s.Endpoint) || same(c.ActiveDirectoryAuthorityHost, s.Authority) {
			return c
		}
	}
	return azurecloud.AzurePublic
}

// clouds are those that the SDK knows, the public one last: its addresses are
// also the defaults of landfall.yaml, so the other setting decides.
func clouds() []azurecloud.Configuration {
	return []azurecloud.Configuration{azurecloud.AzureGovernment, azurecloud.AzureChina, azurecloud.AzurePublic}
}

func privateAuthority(authority string) bool {
	return authority != "" && !slices.ContainsFunc(clouds(), func(c azurecloud.Configuration) bool {
		return same(c.ActiveDirectoryAuthorityHost, authority)
	})
}

func same(a, b string) bool {
	return strings.EqualFold(strings.TrimSuffix(a, "/"), strings.TrimSuffix(b, "/"))
}
