package azure

import (
	"errors"
	"net/http"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azurecloud "github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"

	"example.com/landfall/internal/fault"
)

func TestClassify(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]fault.Kind{
		http.StatusUnauthorized: fault.Denied, http.StatusForbidden: fault.Denied, http.StatusNotFound: fault.NotFound, http.StatusGone: fault.NotFound,
		http.StatusConflict: fault.Conflict, http.StatusPreconditionFailed: fault.Conflict, http.StatusTooManyRequests: fault.Throttled,
		http.StatusRequestTimeout: fault.Timeout, http.StatusBadRequest: fault.Invalid, http.StatusInternalServerError: fault.Unavailable,
		http.StatusBadGateway: fault.Unavailable, http.StatusServiceUnavailable: fault.Unavailable,
	} {
		if got := classify(t.Context(), &azcore.ResponseError{StatusCode: status}); got != want {
			t.Errorf("HTTP %d: %s, want %s", status, got, want)
		}
	}
	if got := classify(t.Context(), nil); got != "" {
		t.Errorf("no error: %s", got)
	}
	if got := classify(t.Context(), errors.New("something else")); got != fault.Internal {
		t.Errorf("unknown error: %s, want internal", got)
	}
}

func TestBrief(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]error{
		"AuthorizationFailed (HTTP 403)": &azcore.ResponseError{StatusCode: http.StatusForbidden, ErrorCode: "AuthorizationFailed"},
		"HTTP 502 Bad Gateway":           &azcore.ResponseError{StatusCode: http.StatusBadGateway},
		"as it is":                       errors.New("as it is"),
	} {
		if got := brief(err).Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestRefusal(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"error_description": "AADSTS7000215: Invalid client secret. Trace ID: 1 Correlation ID: 2"}`: "AADSTS7000215: Invalid client secret.",
		`{"error_description": "AADSTS90002: Tenant not found.\r\nTrace ID: 1"}`:                       "AADSTS90002: Tenant not found.",
		"<html>proxy says no</html>": "HTTP 400",
	} {
		if got := refusal(text, http.StatusBadRequest); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestSameServer(t *testing.T) {
	t.Parallel()
	const endpoint = "https://management.azure.com"
	for link, want := range map[string]bool{
		endpoint + "/subscriptions?x=1":                          true,
		"https://Management.Azure.com:443/x":                     true,
		"https://management.azure.com.example.org/x":             false,
		"https://management.azure.com@example.org/x":             false,
		"http://management.azure.com/x":                          false,
		"https://management.azure.com:8443/x":                    false,
		"https://127.0.0.1/https://management.azure.com/nowhere": false,
	} {
		if got := sameServer(link, endpoint); got != want {
			t.Errorf("sameServer(%q) = %v, want %v", link, got, want)
		}
	}
}

// Tokens are for the Resource Manager of the cloud that the settings name, not
// for whatever address stands in front of it.
func TestCloudOf(t *testing.T) {
	t.Parallel()
	const gateway, public, government = "https://127.0.0.1:8443", "https://management.core.windows.net/", "https://management.core.usgovcloudapi.net/"
	for name, c := range map[string]struct {
		settings            Settings
		endpoint, authority string
		audience            string
	}{
		"nothing set":            {Settings{}, "https://management.azure.com", "https://login.microsoftonline.com/", public},
		"a gateway":              {Settings{Endpoint: gateway}, gateway, "https://login.microsoftonline.com/", public},
		"the sandbox":            {Settings{Endpoint: gateway, Authority: gateway + "/"}, gateway, gateway + "/", public},
		"government by endpoint": {Settings{Endpoint: "https://management.usgovcloudapi.net/"}, "https://management.usgovcloudapi.net/", "https://login.microsoftonline.us/", government},
		"gateway of government":  {Settings{Endpoint: gateway, Authority: "https://login.microsoftonline.us"}, gateway, "https://login.microsoftonline.us", government},
		"government, but the other setting at its default": {Settings{Endpoint: "https://management.usgovcloudapi.net", Authority: "https://login.microsoftonline.com"},
			"https://management.usgovcloudapi.net", "https://login.microsoftonline.com", government},
	} {
		got := cloudOf(c.settings)
		manager := got.Services[azurecloud.ResourceManager]
		if manager.Endpoint != c.endpoint || got.ActiveDirectoryAuthorityHost != c.authority || manager.Audience != c.audience {
			t.Errorf("%s: endpoint %q, authority %q, audience %q", name, manager.Endpoint, got.ActiveDirectoryAuthorityHost, manager.Audience)
		}
	}
}
