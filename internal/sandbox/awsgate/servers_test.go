package awsgate_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/awsgate"
	"example.com/landfall/internal/sandbox/tools"
	"example.com/landfall/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// bed is a gate in front of real servers, in an account of its own.
type bed struct {
	gate *awsgate.Gate
	url  string
	moto testkit.MotoServer
}

// open starts a gate; change may alter its options.
func open(t testing.TB, change func(*awsgate.Options)) *bed {
	t.Helper()
	b := &bed{moto: testkit.SharedMoto(t)}
	store := testkit.ObjectStore(t)
	o := awsgate.Options{
		Upstream: parse(t, b.moto.URL), ObjectStore: parse(t, store.URL), ObjectKey: store.Key, ObjectSecret: store.Secret,
		Account: b.moto.Account, Region: testkit.Region, Seed: 7, UnlimitedLookups: true,
		DeliverEvery: aYear, // tests ask for deliveries
	}
	if change != nil {
		change(&o)
	}
	var err error
	if b.gate, err = awsgate.New(o); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(b.gate)
	b.url = server.URL
	t.Cleanup(func() {
		server.Close()
		if err := b.gate.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return b
}

const aYear = 365 * 24 * 3600e9

func parse(t testing.TB, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// config is an SDK configuration for the gate.
func (b *bed) config(t testing.TB) aws.Config {
	c := testkit.AWSConfig(t, b.url)
	c.Credentials = credentials.NewStaticCredentialsProvider(b.moto.Key, b.moto.Secret, "")
	return c
}

func (b *bed) s3(t testing.TB) *s3.Client {
	return s3.NewFromConfig(b.config(t), func(o *s3.Options) { o.UsePathStyle = true })
}

// bucket makes a bucket that no other test has.
func (b *bed) bucket(t testing.TB, name string) string {
	t.Helper()
	name = name + "-" + b.moto.Account
	must(t)(b.s3(t).CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &name}))
	return name
}

// must fails the test at once when a call did.
func must(t testing.TB) func(any, error) {
	return func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
}

// cli runs the aws command line against the gate and returns what it printed.
func (b *bed) cli(t testing.TB, args ...string) string {
	t.Helper()
	out, err := b.cliTry(t, args...)
	if err != nil {
		t.Fatalf("aws %s: %v", strings.Join(args, " "), err)
	}
	return out
}

func (b *bed) cliTry(t testing.TB, args ...string) (string, error) {
	t.Helper()
	cache, err := tools.CacheDir(os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	tool, err := tools.Locate(cache, tools.AWSCLI)
	if err != nil {
		t.Fatalf("%v\nhint: %s", err, fault.HintOf(err))
	}
	// --endpoint-url and not AWS_ENDPOINT_URL: version 1 of the command line
	// overrides the variable for RDS in us-east-1.
	command := exec.CommandContext(t.Context(), tool.Command[0], append(append(tool.Command[1:], "--endpoint-url", b.url), args...)...)
	command.Env = append(append(os.Environ(), tool.Env...), "AWS_ACCESS_KEY_ID="+b.moto.Key, "AWS_SECRET_ACCESS_KEY="+b.moto.Secret,
		"AWS_DEFAULT_REGION="+testkit.Region, "AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull,
		"AWS_MAX_ATTEMPTS=1", "AWS_EC2_METADATA_DISABLED=true")
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		return stdout.String(), errors.New(err.Error() + ": " + stderr.String())
	}
	return stdout.String(), nil
}

// admin calls an endpoint of the sandbox itself.
func (b *bed) admin(t testing.TB, method, path, body string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, b.url+"/_landfall/"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}
