package sandbox_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azarm "github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	azcloud "github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox"
	"example.com/landfall/internal/sandbox/dns"
	"example.com/landfall/internal/sandbox/part"
	"example.com/landfall/internal/sandbox/proc"
	"example.com/landfall/internal/sandbox/tools"
	"example.com/landfall/internal/testkit"
)

// One sandbox from its start to its end. The parts are told in their order
// and share it, because a start with seed takes a while.
func TestSandbox(t *testing.T) {
	t.Parallel()
	o := options(t)
	if _, err := sandbox.Env(t.Context(), o.Workspace); !fault.Is(err, fault.NotFound) || fault.HintOf(err) != "landfall sandbox up" {
		t.Errorf("environment before up: %v", err)
	}
	first := up(t, o)
	for _, one := range []struct {
		name string
		run  func(*testing.T, sandbox.Options, sandbox.Upped)
	}{
		{"status", checkStatus},
		{"up again", checkUpAgain},
		{"private files", checkPrivateFiles},
		{"environment", checkEnvironment},
		{"names", checkNames},
		{"azure resources", checkAzure},
		{"two environments", checkEnvironments},
		{"an environment goes", checkEnvironmentGone},
		{"census", checkCensus},
		{"load and audit", checkLoad},
		{"a server crashes", checkRestart},
		{"moto crashes", checkMotoLost},
		{"the supervisor hangs", checkHang},
		{"after down", checkAfterDown},
	} {
		t.Run(one.name, func(t *testing.T) { one.run(t, o, first) })
	}
}

func checkStatus(t *testing.T, o sandbox.Options, got sandbox.Upped) {
	if got.Already || got.Followed || len(got.Swept) > 0 || got.Status.Phase != sandbox.PhaseReady {
		t.Errorf("Up = %+v", got)
	}
	names := map[string]bool{}
	for _, p := range got.Status.Parts {
		names[p.Name] = true
		if p.State != part.Ready || p.PID == 0 || p.MemoryBytes == 0 || len(p.Addresses) == 0 || p.Log == "" || p.UptimeSeconds <= 0 {
			t.Errorf("part %+v", p)
		}
		for _, a := range p.Addresses {
			host, _, err := net.SplitHostPort(a)
			if err != nil || !net.ParseIP(host).IsLoopback() {
				t.Errorf("%s listens on %q", p.Name, a)
			}
		}
	}
	for _, name := range []string{"moto", "objectstore", "azurite", "postgres-aws", "postgres-azure", "awsgate", "arm", "dns", "shop"} {
		if !names[name] {
			t.Errorf("%s is not among the parts", name)
		}
	}
	for _, s := range got.Status.Stages {
		t.Logf("%-16s from %6.2f for %6.2f s", s.Name, s.Began, s.Seconds)
	}
	if _, err := os.Stat(filepath.Join(o.Workspace, ".landfall", "sandbox", "seeded.json")); err != nil {
		t.Error(err)
	}
}

func checkUpAgain(t *testing.T, o sandbox.Options, first sandbox.Upped) {
	again := up(t, o)
	if !again.Already || again.Status.Supervisor != first.Status.Supervisor {
		t.Errorf("second Up = %+v", again)
	}
}

// Everything the sandbox wrote is for the user alone.
func checkPrivateFiles(t *testing.T, o sandbox.Options, _ sandbox.Upped) {
	dir := filepath.Join(o.Workspace, ".landfall", "sandbox")
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", e.Name(), info.Mode())
		}
	}
}

// environment returns the variables of a sandbox by name.
func environment(t *testing.T, o sandbox.Options) map[string]string {
	t.Helper()
	list, err := sandbox.Env(t.Context(), o.Workspace)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, v := range list {
		out[v.Name] = v.Value
	}
	return out
}

// Each kind of client gets through with what Env says and nothing else.
func checkEnvironment(t *testing.T, o sandbox.Options, _ sandbox.Upped) {
	env := environment(t, o)
	who, err := sts.New(sts.Options{
		Region: env["AWS_REGION"], BaseEndpoint: aws.String(env["AWS_ENDPOINT_URL"]),
		Credentials: credentials.NewStaticCredentialsProvider(env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"], ""),
	}).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil || !strings.HasSuffix(aws.ToString(who.Arn), "user/landfall-operator") {
		t.Errorf("GetCallerIdentity = %+v, %v", who, err)
	}
	out := command(t, o, tools.AWSCLI, "sts", "get-caller-identity", "--query", "Account", "--output", "text")
	if out != "123456789012" {
		t.Errorf("the aws command line says %q", out)
	}
	for _, name := range []string{"LANDFALL_SANDBOX_SOURCE_DATABASE", "LANDFALL_SOURCE_DATABASE", "LANDFALL_SANDBOX_TARGET_DATABASE"} {
		conn, err := pgx.Connect(t.Context(), env[name])
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		conn.Close(t.Context())
	}
	blobs, err := azblob.NewClientFromConnectionString(env["AZURE_STORAGE_CONNECTION_STRING"], nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := blobs.CreateContainer(t.Context(), "tried", nil); err != nil {
		t.Errorf("create container: %v", err)
	}
	res, err := http.Get(env["LANDFALL_SANDBOX_SHOP"] + "/books")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("the shop answers %s", res.Status)
	}
}

// command runs a tool with the sandbox's environment and returns what it
// prints. A profile that the user has set must not get in the way.
func command(t *testing.T, o sandbox.Options, name tools.Name, args ...string) string {
	t.Helper()
	tool, err := tools.Locate(o.CacheDir, name)
	if err != nil {
		t.Fatalf("%v\n%s", err, fault.HintOf(err))
	}
	cmd := exec.CommandContext(t.Context(), tool.Command[0], append(slices.Clone(tool.Command[1:]), args...)...)
	cmd.Env = append(proc.BaseEnviron(os.Environ()), tool.Env...)
	for name, value := range environment(t, o) {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%s: %v: %s", name, err, out)
	}
	return strings.TrimSpace(string(out))
}

// Names that AWS hands out lead to the front of the AWS side.
func checkNames(t *testing.T, o sandbox.Options, _ sandbox.Upped) {
	seeded, err := sandbox.Seeded(o.Workspace)
	if err != nil {
		t.Fatal(err)
	}
	env := environment(t, o)
	shop := strings.TrimPrefix(env["LANDFALL_SANDBOX_SHOP"], "http://")
	front, _, err := net.SplitHostPort(shop)
	if err != nil {
		t.Fatal(err)
	}
	resolver := dns.Resolver(env["LANDFALL_SANDBOX_DNS"])
	for _, name := range []string{seeded.Bookshop.BalancerDNS, seeded.Bookshop.DatabaseEndpoint, seeded.Bookshop.ShopName} {
		addresses, err := resolver.LookupHost(t.Context(), name)
		if err != nil || len(addresses) != 1 || addresses[0] != front {
			t.Errorf("%s = %v, %v, want %s", name, addresses, err, front)
		}
	}
	// Whoever looks for the servers of a name finds the sandbox.
	_, zone, _ := strings.Cut(seeded.Bookshop.ShopName, ".")
	servers, err := resolver.LookupNS(t.Context(), zone)
	if err != nil || len(servers) == 0 {
		t.Fatalf("the servers of %s: %v, %v", zone, servers, err)
	}
	for _, server := range servers {
		if addresses, err := resolver.LookupHost(t.Context(), server.Host); err != nil || len(addresses) != 1 || addresses[0] != "127.0.0.1" {
			t.Errorf("%s = %v, %v", server.Host, addresses, err)
		}
	}
}

// azureAccess is how Azure's own clients reach the sandbox, with the
// credentials of its environment.
func azureAccess(t *testing.T, env map[string]string) (azcore.TokenCredential, *azarm.ClientOptions) {
	t.Helper()
	pool := x509.NewCertPool()
	bundle, err := os.ReadFile(env["SSL_CERT_FILE"])
	if err != nil || !pool.AppendCertsFromPEM(bundle) {
		t.Fatalf("SSL_CERT_FILE: %v", err)
	}
	transport := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	where := azcore.ClientOptions{Transport: transport, Cloud: azcloud.Configuration{
		ActiveDirectoryAuthorityHost: env["AZURE_AUTHORITY_HOST"],
		Services: map[azcloud.ServiceName]azcloud.ServiceConfiguration{
			azcloud.ResourceManager: {Endpoint: env["LANDFALL_TARGET_ENDPOINT"], Audience: "https://management.azure.com"},
		},
	}}
	credential, err := azidentity.NewClientSecretCredential(env["AZURE_TENANT_ID"], env["AZURE_CLIENT_ID"], env["AZURE_CLIENT_SECRET"],
		&azidentity.ClientSecretCredentialOptions{ClientOptions: where, DisableInstanceDiscovery: true})
	if err != nil {
		t.Fatal(err)
	}
	return credential, &azarm.ClientOptions{ClientOptions: where}
}

// Azure's own client makes a storage account with the credentials of the
// environment, and puts a blob into it.
func checkAzure(t *testing.T, o sandbox.Options, _ sandbox.Upped) {
	env := environment(t, o)
	credential, options := azureAccess(t, env)
	groups, err := armresources.NewResourceGroupsClient(env["AZURE_SUBSCRIPTION_ID"], credential, options)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := groups.CreateOrUpdate(t.Context(), "shop", armresources.ResourceGroup{Location: to.Ptr("eastus2")}, nil); err != nil {
		t.Fatalf("create resource group: %v", err)
	}
	client, err := armresources.NewClient(env["AZURE_SUBSCRIPTION_ID"], credential, options)
	if err != nil {
		t.Fatal(err)
	}
	id := "/subscriptions/" + env["AZURE_SUBSCRIPTION_ID"] + "/resourceGroups/shop/providers/Microsoft.Storage/storageAccounts/shopcovers"
	poller, err := client.BeginCreateOrUpdateByID(t.Context(), id, "2023-01-01", armresources.GenericResource{
		Location: to.Ptr("eastus2"), Kind: to.Ptr("StorageV2"), SKU: &armresources.SKU{Name: to.Ptr("Standard_LRS")}, Properties: map[string]any{},
	}, nil)
	if err != nil {
		t.Fatalf("create storage account: %v", err)
	}
	made, err := poller.PollUntilDone(t.Context(), &runtime.PollUntilDoneOptions{Frequency: 50 * time.Millisecond})
	if err != nil {
		t.Fatalf("create storage account: %v", err)
	}
	properties, _ := made.Properties.(map[string]any)
	endpoints, _ := properties["primaryEndpoints"].(map[string]any)
	if blob, _ := endpoints["blob"].(string); !strings.HasPrefix(blob, "http://127.0.0.1:") || !strings.HasSuffix(blob, "/shopcovers/") {
		t.Errorf("primary endpoints = %v", endpoints)
	}
}

func checkCensus(t *testing.T, o sandbox.Options, _ sandbox.Upped) {
	got, err := sandbox.TakeCensus(t.Context(), o.Workspace)
	if err != nil {
		t.Fatal(err)
	}
	if got.Resources < 100 || got.Buckets < 2 || got.Objects < o.Objects || got.Tables < 5 || got.Rows < int64(o.Objects) || got.LogLines == 0 {
		t.Errorf("census = %+v", got)
	}
}

// The shop takes orders, and none of them is lost.
func checkLoad(t *testing.T, o sandbox.Options, _ sandbox.Upped) {
	journal := filepath.Join(t.TempDir(), "journal")
	for _, args := range [][]string{
		{"load", "--url", environment(t, o)["LANDFALL_SANDBOX_SHOP"], "--journal", journal, "--rate", "20", "--duration", "2s"},
		{"audit", "--journal", journal, "--wait", "30s"},
	} {
		var out, talk bytes.Buffer
		code, err := sandbox.RunShop(t.Context(), sandbox.ShopRun{Workspace: o.Workspace, Exe: o.Exe, Args: args, Environ: o.Environ, Out: &out, Err: &talk})
		if err != nil || code != 0 {
			t.Fatalf("bookshop %s: exit code %d, %v\n%s%s", args[0], code, err, &out, &talk)
		}
	}
}

func statusOf(t *testing.T, o sandbox.Options) sandbox.Status {
	t.Helper()
	status, err := sandbox.StatusOf(t.Context(), o.Workspace)
	if err != nil {
		t.Fatal(err)
	}
	return status
}

func partOf(t *testing.T, o sandbox.Options, name string) sandbox.PartStatus {
	t.Helper()
	for _, p := range statusOf(t, o).Parts {
		if p.Name == name {
			return p
		}
	}
	t.Fatalf("no part %q", name)
	return sandbox.PartStatus{}
}

func killPart(t *testing.T, o sandbox.Options, name string) {
	t.Helper()
	id, err := proc.Identify(partOf(t, o, name).PID)
	if err != nil {
		t.Fatal(err)
	}
	if err := id.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

func checkRestart(t *testing.T, o sandbox.Options, _ sandbox.Upped) {
	before := partOf(t, o, "objectstore")
	killPart(t, o, "objectstore")
	eventually(t, "the object store is back", func() bool {
		p := partOf(t, o, "objectstore")
		return p.State == part.Ready && p.Restarts == 1 && p.PID != before.PID && p.Addresses[0] == before.Addresses[0]
	})
}

func checkMotoLost(t *testing.T, o sandbox.Options, _ sandbox.Upped) {
	killPart(t, o, "moto")
	eventually(t, "the sandbox is failed", func() bool { return statusOf(t, o).Phase == sandbox.PhaseFailed })
	if s := statusOf(t, o); !strings.Contains(s.Trouble.Text, "moto ended") || !strings.Contains(s.Trouble.Hint, "landfall sandbox down") {
		t.Errorf("trouble = %+v", s.Trouble)
	}
	if _, err := sandbox.Up(t.Context(), o, nil); !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.HintOf(err), "landfall sandbox down") {
		t.Errorf("up of a failed sandbox: %v", err)
	}
	if _, err := sandbox.Env(t.Context(), o.Workspace); !fault.Is(err, fault.Unavailable) {
		t.Errorf("environment of a failed sandbox: %v", err)
	}
}

// A supervisor that hangs does not answer; "down" kills it after a bound, and
// nothing is left.
func checkHang(t *testing.T, o sandbox.Options, _ sandbox.Upped) {
	if err := supervisor(t, o.Workspace).Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if _, err := sandbox.Up(t.Context(), o, nil); !fault.Is(err, fault.Unavailable) || fault.HintOf(err) != "landfall sandbox down" {
		t.Errorf("up with a hanging supervisor: %v", err)
	}
	down, err := sandbox.Down(t.Context(), o.Workspace)
	if err != nil || !down.WasUp || down.Orderly || len(down.Swept) == 0 {
		t.Errorf("Down = %+v, %v", down, err)
	}
	if left := processes(t, t.Context(), o.Workspace); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func checkAfterDown(t *testing.T, o sandbox.Options, _ sandbox.Upped) {
	down, err := sandbox.Down(t.Context(), o.Workspace)
	if err != nil || down.WasUp || len(down.Swept) > 0 {
		t.Errorf("second Down = %+v, %v", down, err)
	}
	if s := statusOf(t, o); s.Phase != sandbox.PhaseDown || len(s.Parts) > 0 {
		t.Errorf("status = %+v", s)
	}
	dir := filepath.Join(o.Workspace, ".landfall", "sandbox")
	for _, name := range []string{"data", "state.json", "secrets.json", "control.json", "order.json"} {
		if _, err := os.Stat(filepath.Join(dir, name)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is there after down: %v", name, err)
		}
	}
	if _, err := os.Stat(part.ForeignDir(sandbox.Tag(o.Workspace))); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("data of servers is there after down: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "logs", "supervisor.log")); err != nil {
		t.Errorf("the log went too: %v", err)
	}
}

// A workspace that never had a sandbox: nothing to see, nothing to stop.
func TestNothingIsUp(t *testing.T) {
	t.Parallel()
	o := options(t)
	if s := statusOf(t, o); s.Phase != sandbox.PhaseDown {
		t.Errorf("status = %+v", s)
	}
	if down, err := sandbox.Down(t.Context(), o.Workspace); err != nil || down.WasUp {
		t.Errorf("Down = %+v, %v", down, err)
	}
	if _, err := os.Stat(filepath.Join(o.Workspace, ".landfall")); !errors.Is(err, os.ErrNotExist) {
		t.Error("looking made a folder")
	}
	if _, err := sandbox.Seeded(o.Workspace); !fault.Is(err, fault.NotFound) {
		t.Errorf("Seeded = %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := sandbox.Serve(ctx, sandbox.ServeOptions{Workspace: o.Workspace}); err == nil {
		t.Error("served without an order")
	}
}

func TestUpErrors(t *testing.T) {
	t.Parallel()
	o := options(t)
	missing := o
	missing.CacheDir = t.TempDir()
	if _, err := sandbox.Up(t.Context(), missing, nil); !fault.Is(err, fault.Missing) || !strings.Contains(fault.HintOf(err), "landfall sandbox setup") {
		t.Errorf("missing tools: %v, hint %q", err, fault.HintOf(err))
	}
	shopless := o
	shopless.Environ = []string{"PATH=/nowhere"}
	if _, err := sandbox.Up(t.Context(), shopless, nil); !fault.Is(err, fault.Missing) || !strings.Contains(fault.HintOf(err), "go build") {
		t.Errorf("missing bookshop: %v", err)
	}
	negative := o
	negative.Objects = -1
	if _, err := sandbox.Up(t.Context(), negative, nil); !fault.Is(err, fault.Usage) {
		t.Errorf("negative objects: %v", err)
	}
	nowhere := o
	nowhere.Workspace = filepath.Join(o.Workspace, "absent")
	if _, err := sandbox.Up(t.Context(), nowhere, nil); !fault.Is(err, fault.NotFound) {
		t.Errorf("absent workspace: %v", err)
	}
	exe := o
	exe.Exe = "/bin/false"
	if _, err := sandbox.Up(t.Context(), exe, nil); !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.HintOf(err), "supervisor.log") {
		t.Errorf("a supervisor that ends at once: %v", err)
	}
}

// A port that was asked for and is taken ends the start with one line that
// names it; nothing runs then, and the reason stays readable.
func TestFixedPortTaken(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	o := options(t)
	o.AWSPort = l.Addr().(*net.TCPAddr).Port
	_, err = sandbox.Up(t.Context(), o, nil)
	if !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), l.Addr().String()) || strings.Contains(err.Error(), "\n") {
		t.Fatalf("Up = %v", err)
	}
	if left := processes(t, t.Context(), o.Workspace); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	if s := statusOf(t, o); s.Phase != sandbox.PhaseFailed || s.Trouble.Kind != fault.Conflict {
		t.Errorf("status = %+v", s)
	}
	if _, err := os.Stat(filepath.Join(o.Workspace, ".landfall", "sandbox", "data")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("data of a failed start: %v", err)
	}
}

// A disk that fills up during the start: one clear line, and nothing runs.
func TestUpOnAFullDisk(t *testing.T) {
	t.Parallel()
	testkit.FullDisk(t, 512<<10, func(dir string) {
		o := options(t)
		o.Workspace = dir
		_, err := sandbox.Up(t.Context(), o, nil)
		if err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("Up = %v", err)
		}
		t.Logf("%v (%s)", err, fault.KindOf(err))
		if left := processes(t, t.Context(), dir); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
		if _, err := sandbox.Down(t.Context(), dir); err != nil {
			t.Errorf("down: %v", err)
		}
	})
}
