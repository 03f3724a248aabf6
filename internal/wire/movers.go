package wire

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"example.com/landfall/internal/app"
	"example.com/landfall/internal/approve"
	"example.com/landfall/internal/config"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects"
	"example.com/landfall/internal/move/objects/blob"
	"example.com/landfall/internal/move/objects/events"
	"example.com/landfall/internal/move/objects/name"
	"example.com/landfall/internal/move/objects/s3"
	"example.com/landfall/internal/source/aws"
	"example.com/landfall/internal/target/azure"
)

// movers builds what carries data, from the same credentials and addresses as
// everything else.
func movers(s app.Setup, c *config.Config) app.Movers {
	m := moverParts{setup: s, config: c}
	return app.Movers{
		Objects: m.objects, Events: m.events, CheckSignature: approve.VerifyWorkspace,
		Key: func(path string) (app.ManifestKey, bool, error) {
			key, made, err := approve.OpenWorkspaceKey(path)
			if err != nil {
				return nil, false, err // and no typed nil in the port
			}
			return key, made, nil
		},
	}
}

type moverParts struct {
	setup  app.Setup
	config *config.Config
}

func (m moverParts) objects(ctx context.Context, o app.ObjectSides) (app.ObjectPorts, error) {
	var ports app.ObjectPorts
	conf, err := aws.SDK(ctx, settings(m.config))
	if err != nil {
		return ports, err
	}
	slowed := func(side string) func(time.Duration) { return func(time.Duration) { o.Slowed(side) } }
	source, err := s3.New(ctx, s3.Options{Config: conf, Bucket: o.Bucket, RequesterPays: o.RequesterPays, Slowed: slowed("source")})
	if err != nil {
		return ports, err
	}
	account, err := m.account(ctx, o.Account)
	if err != nil {
		return ports, err
	}
	target, err := blob.New(blob.Options{URL: account.container(o.Container), Credential: account.credential, Slowed: slowed("target")})
	if err != nil {
		return ports, err
	}
	return app.ObjectPorts{Source: source, Target: target, Account: account.can, Notes: account.notes}, nil
}

// events opens the queue to which a bucket sends its events.
func (m moverParts) events(ctx context.Context, queue, bucket string, trouble func(error)) (func(context.Context) <-chan objects.Change, error) {
	conf, err := aws.SDK(ctx, settings(m.config))
	if err != nil {
		return nil, err
	}
	return events.Open(ctx, events.Options{Queue: sqs.NewFromConfig(conf), URL: queue, Bucket: bucket, Trouble: trouble})
}

// account is a storage account with what opens it.
type account struct {
	blob       string
	credential blob.Credential
	can        name.Account
	notes      []string
}

func (a account) container(container string) string {
	return strings.TrimRight(a.blob, "/") + "/" + url.PathEscape(container)
}

// storageVariable holds the connection string of one account, as the tools of
// Azure read it.
const storageVariable = "AZURE_STORAGE_CONNECTION_STRING"

// publicBlob is where the blob service of an account answers in the public cloud
// ("Storage account overview", storage account endpoints).
const publicBlob = ".blob.core.windows.net"

// account finds an account by its name, and what opens it: the connection string
// of the environment when it is that of this account; otherwise a token, which
// goes over TLS only; otherwise, where landfall.yaml allows it or there is no
// TLS, a key that Resource Manager gives.
func (m moverParts) account(ctx context.Context, called string) (account, error) {
	given, ok, err := connectionOf(m.env(storageVariable), called)
	if err != nil {
		return account{}, err
	}
	if m.config.Target.Subscription == "" {
		if !ok {
			given, err = m.unmanaged(called)
		}
		given.notes = append(given.notes, "no subscription is configured: the account is taken for one without a hierarchical namespace")
		return given, err
	}
	storage, err := azure.NewStorage(azureSettings(m.config))
	if err != nil {
		return account{}, err
	}
	found, err := storage.Account(ctx, called)
	switch {
	case err != nil && ok:
		given.notes = append(given.notes, "Resource Manager does not tell what the account can do, so it is taken for one without a hierarchical namespace: "+err.Error())
		return given, nil
	case err != nil:
		return account{}, err
	}
	can := name.Account{Hierarchical: found.Hierarchical, Redundancy: found.Redundancy, Premium: found.Premium}
	if ok {
		given.can = can
		return given, nil
	}
	out := account{blob: found.Blob, can: can}
	if strings.HasPrefix(out.blob, "https:") && !m.config.Target.StorageKeys {
		out.credential = blob.Token(storage.Credential())
		return out, nil
	}
	key, err := storage.Key(ctx, found.ID)
	if err != nil {
		return account{}, err
	}
	out.credential, err = blob.SharedKey(found.Name, key)
	return out, err
}

// unmanaged is an account of which only the name is known.
func (m moverParts) unmanaged(called string) (account, error) {
	credential, err := azure.Credential(azureSettings(m.config))
	if err != nil {
		return account{}, err
	}
	return account{blob: "https://" + called + publicBlob, credential: blob.Token(credential)}, nil
}

func (m moverParts) env(variable string) string {
	value, _ := m.setup.Getenv(variable)
	return value
}

// connectionOf reads a connection string ("Configure Azure Storage connection
// strings"); false when it is not that of the account.
func connectionOf(text, called string) (account, bool, error) {
	parts := map[string]string{}
	for _, part := range strings.Split(text, ";") {
		key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		parts[strings.ToLower(key)] = value
	}
	if !strings.EqualFold(parts["accountname"], called) {
		return account{}, false, nil
	}
	out := account{blob: parts["blobendpoint"]}
	if out.blob == "" {
		protocol, suffix := parts["defaultendpointsprotocol"], parts["endpointsuffix"]
		if protocol == "" {
			protocol = "https"
		}
		if suffix == "" {
			suffix = strings.TrimPrefix(publicBlob, ".blob.")
		}
		out.blob = protocol + "://" + called + ".blob." + suffix
	}
	switch {
	case parts["accountkey"] != "":
		var err error
		out.credential, err = blob.SharedKey(parts["accountname"], parts["accountkey"])
		return out, true, err
	case parts["sharedaccesssignature"] != "":
		out.credential = blob.SAS(parts["sharedaccesssignature"])
		return out, true, nil
	}
	return account{}, false, fault.Newf(fault.Invalid, "read %s: it has neither AccountKey nor SharedAccessSignature", storageVariable).Hintf("unset %s", storageVariable)
}
