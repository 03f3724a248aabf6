package host

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"

	"example.com/landfall/internal/engine/codec"
	"example.com/landfall/internal/fault"
)

// dialWithin bounds a connection attempt whose context has no nearer end.
const dialWithin = 15 * time.Second

// Config says which server to talk to, and how: the engine of a folder (see
// Local) or an existing Temporal cluster.
type Config struct {
	// Address is host:port.
	Address string
	// Namespace; "" means that of Landfall.
	Namespace string
	// TLS of the connection. The zero value is TLS with the system's
	// authorities and no client certificate.
	TLS TLS
	// APIKeyVariable names the environment variable with the API key; "" means
	// none. The key is read again for each call, so that it can be renewed.
	APIKeyVariable string
	// KeyringDir is the folder whose keyring seals the payloads, unless
	// KeyringVariable is set.
	KeyringDir string
	// Env is the environment; nil means an empty one.
	Env Getenv
	// Identity names the caller in histories; "" means process and host.
	Identity string
	// Log hears the SDK; nil means silence.
	Log *slog.Logger
}

// TLS says how a connection is protected.
type TLS struct {
	// Off means no TLS at all: for a server on the same machine or behind a
	// proxy that adds it. An API key is then refused.
	Off bool
	// CA is the file of the authorities to trust; "" means the system's.
	CA string
	// Cert and Key are the files of the client certificate; "" means none.
	Cert, Key string
	// ServerName overrides the name that the server's certificate must have.
	ServerName string
}

// Local is the Config for the engine of a folder.
func Local(dir string, a Address, env Getenv) Config {
	return Config{
		Address: a.Address, Namespace: a.Namespace, KeyringDir: dir, Env: env,
		TLS: TLS{
			CA: filepath.Join(dir, FileCA), Cert: filepath.Join(dir, FileClientCert), Key: filepath.Join(dir, FileClientKey),
			ServerName: ServerName,
		},
	}
}

// Dial connects and checks that the server answers and has the namespace. The
// client seals payloads and failures; the caller closes it. A server that does
// not answer, or not in TLS as wanted, is Unavailable; one that refuses the
// certificate or the key is Denied; no such namespace is NotFound.
func Dial(ctx context.Context, c Config) (client.Client, error) {
	options, err := c.options()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, dialWithin)
	defer cancel()
	connected, err := client.DialContext(ctx, options)
	if err != nil {
		return nil, fault.Of(kindOf(err), "connect to the engine", c.Address, err).Hintf(hintStatus)
	}
	_, err = connected.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: options.Namespace})
	if err != nil {
		connected.Close()
		return nil, fault.Of(kindOf(err), "use namespace", options.Namespace, err)
	}
	return connected, nil
}

// kindOf is fault.KindOf for what the server says.
func kindOf(err error) fault.Kind {
	var (
		denied  *serviceerror.PermissionDenied
		missing *serviceerror.NamespaceNotFound
		absent  *serviceerror.NotFound
	)
	switch {
	case errors.As(err, &denied):
		return fault.Denied
	case errors.As(err, &missing), errors.As(err, &absent):
		return fault.NotFound
	case errors.Is(err, context.Canceled):
		return fault.Canceled
	}
	return fault.Unavailable
}

func (c Config) options() (client.Options, error) {
	keyring, err := Keyring(c.KeyringDir, c.Env)
	if err != nil {
		return client.Options{}, err
	}
	data, failures, err := codec.Converters(keyring)
	if err != nil {
		return client.Options{}, err
	}
	options := client.Options{
		HostPort: c.Address, Namespace: c.Namespace, Identity: c.Identity,
		DataConverter: data, FailureConverter: failures, Logger: log.NewStructuredLogger(c.log()),
	}
	if options.Namespace == "" {
		options.Namespace = Namespace
	}
	if options.ConnectionOptions.TLS, err = c.TLS.config(); err != nil {
		return client.Options{}, err
	}
	if c.APIKeyVariable == "" {
		return options, nil
	}
	if c.TLS.Off {
		return client.Options{}, fault.Newf(fault.Refused, "connect to the engine %q: an API key would cross the network in plain text", c.Address).
			Hintf("switch TLS on for this address, or do without the API key")
	}
	if c.Env.get(c.APIKeyVariable) == "" {
		return client.Options{}, fault.Newf(fault.Denied, "connect to the engine %q: the environment variable %q is not set", c.Address, c.APIKeyVariable).
			Hintf("export %s=...", c.APIKeyVariable)
	}
	options.Credentials = client.NewAPIKeyDynamicCredentials(func(context.Context) (string, error) {
		return c.Env.get(c.APIKeyVariable), nil
	})
	return options, nil
}

func (c Config) log() *slog.Logger {
	if c.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return c.Log
}

// config returns nil for no TLS.
func (t TLS) config() (*tls.Config, error) {
	if t.Off {
		return nil, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.ServerName}
	if t.CA != "" {
		pem, err := os.ReadFile(t.CA)
		if err != nil {
			return nil, fault.Wrap(err, "read certificate authority", t.CA)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fault.Newf(fault.Invalid, "read certificate authority %q: it holds no certificate", t.CA)
		}
	}
	if t.Cert == "" {
		return config, nil
	}
	if _, err := tls.LoadX509KeyPair(t.Cert, t.Key); err != nil {
		kind := fault.KindOf(err)
		if kind == fault.Internal { // it was read and is not what it should be
			kind = fault.Invalid
		}
		return nil, fault.Of(kind, "read client certificate", t.Cert, err)
	}
	// Read again for each connection: a client that lives for weeks shows the
	// certificate of the day, not the one that has expired meanwhile.
	config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
		return &pair, err
	}
	return config, nil
}
