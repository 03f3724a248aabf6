package sandbox

import (
	"context"
	"net"
	"strconv"

	"example.com/landfall/internal/config"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/part"
)

// Variable is an environment variable that points a program at the sandbox.
type Variable struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	// Secret values are credentials, though of nothing but this sandbox.
	Secret bool `json:"secret,omitempty"`
}

func itoa(n int) string { return strconv.Itoa(n) }

// Env returns the variables that point AWS and Azure SDKs, the aws command
// line, psql and Landfall itself at the sandbox of a workspace, in a fixed
// order. A sandbox that is not ready is an error that says what to do.
func Env(ctx context.Context, workspace string) ([]Variable, error) {
	l, err := newLayout(workspace)
	if err != nil {
		return nil, err
	}
	status, err := StatusOf(ctx, workspace)
	if err != nil {
		return nil, err
	}
	switch status.Phase {
	case PhaseReady:
	case PhaseStarting, PhaseSeeding:
		return nil, fault.Newf(fault.Unavailable, "read the sandbox's environment: it is %s", status.Phase).Hintf("landfall sandbox up")
	case PhaseFailed:
		return nil, fault.Of(fault.Unavailable, "read the sandbox's environment", "", status.Trouble.Err())
	default:
		return nil, fault.Newf(fault.NotFound, "read the sandbox's environment: no sandbox is up").Hintf("landfall sandbox up")
	}
	var made secrets
	if err := readJSON(l.secrets(), &made); err != nil {
		return nil, err
	}
	var want order
	if err := readJSON(l.order(), &want); err != nil {
		return nil, err
	}
	return variables(l, status.Endpoints, made, newAzureIDs(want.Seed)), nil
}

func variables(l layout, e Endpoints, made secrets, ids azureIDs) []Variable {
	plain := func(name, value string) Variable { return Variable{Name: name, Value: value} }
	hidden := func(name, value string) Variable { return Variable{Name: name, Value: value, Secret: true} }
	setting := func(path, value string) Variable { return plain(config.EnvName(path), value) }
	return []Variable{
		plain("AWS_ENDPOINT_URL", e.AWS),
		plain("AWS_ACCESS_KEY_ID", made.OperatorKey),
		hidden("AWS_SECRET_ACCESS_KEY", made.OperatorSecret),
		// A session token of the user's would be sent with the keys. A profile
		// is no trouble: keys in the environment win over it.
		plain("AWS_SESSION_TOKEN", ""),
		plain("AWS_REGION", region),
		plain("AWS_DEFAULT_REGION", region), // the aws command line knows only this one
		plain("AWS_EC2_METADATA_DISABLED", "true"),
		plain("AZURE_TENANT_ID", ids.Tenant),
		plain("AZURE_CLIENT_ID", ids.Client),
		hidden("AZURE_CLIENT_SECRET", made.ClientSecret),
		plain("AZURE_SUBSCRIPTION_ID", ids.Subscription),
		plain("AZURE_AUTHORITY_HOST", e.Authority),
		hidden("AZURE_STORAGE_CONNECTION_STRING", storageConnection(e, made.StorageKey)),
		plain("SSL_CERT_FILE", l.bundle()),
		plain("REQUESTS_CA_BUNDLE", l.bundle()),
		plain("CURL_CA_BUNDLE", l.bundle()),
		plain("NODE_EXTRA_CA_CERTS", l.authority()),
		setting("source.endpoint", e.AWS),
		setting("target.subscription", ids.Subscription),
		setting("target.tenant", ids.Tenant),
		setting("target.region", targetRegion),
		setting("target.endpoint", e.ResourceManager),
		setting("target.authority", e.Authority),
		setting("target.caFile", l.authority()),
		setting("runbook.resolvers", e.DNS),
		setting("runbook.nameServerPort", portOf(e.DNS)),
		plain("LANDFALL_SANDBOX_DNS", e.DNS),
		plain("LANDFALL_SANDBOX_SHOP", e.Shop),
		plain("LANDFALL_SANDBOX_TARGET_SHOP", e.TargetShop),
		hidden("LANDFALL_SANDBOX_SOURCE_DATABASE", part.PostgresURL(e.SourceDatabase, masterUser, made.SourcePassword, "bookshop", "require")),
		hidden("LANDFALL_SOURCE_DATABASE", part.PostgresURL(e.SourceDatabase, moverUser, made.MoverPassword, "bookshop", "require")),
		hidden("LANDFALL_SANDBOX_TARGET_DATABASE", part.PostgresURL(e.TargetDatabase, adminUser, made.TargetPassword, "postgres", "require")),
	}
}

// portOf is the port of an address, "" for one that has none.
func portOf(address string) string {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return ""
	}
	return port
}

// storageConnection returns the connection string of the first account.
func storageConnection(e Endpoints, key string) string {
	return "DefaultEndpointsProtocol=http;AccountName=" + storageAccount + ";AccountKey=" + key +
		";BlobEndpoint=" + e.Blob + "/" + storageAccount +
		";QueueEndpoint=" + e.Queue + "/" + storageAccount +
		";TableEndpoint=" + e.Table + "/" + storageAccount + ";"
}
