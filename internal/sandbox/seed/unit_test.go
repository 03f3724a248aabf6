package seed

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"
	"go.yaml.in/yaml/v3"
	"golang.org/x/sync/errgroup"
	"pgregory.net/rapid"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/seed/history"
)

func testOptions(endpoint string) Options {
	return Options{AWS: aws.Config{Region: "us-east-1", BaseEndpoint: &endpoint, RetryMaxAttempts: 1, Credentials: credentials.NewStaticCredentialsProvider("k", "s", "")},
		Account: "123456789012", Region: "us-east-1", DatabasePort: 5432, DatabasePassword: "secret", Seed: 7, Now: time.Unix(1_790_000_000, 0)}
}

func testSeeder(t *testing.T, handler http.HandlerFunc) *seeder {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	o := testOptions(server.URL)
	if err := o.complete(); err != nil {
		t.Fatal(err)
	}
	return &seeder{clients: newClients(o), o: o, log: o.Log, ids: map[string]string{}}
}

func testScope(t *testing.T, s *seeder) *scope {
	t.Helper()
	return &scope{seeder: s, stage: &stage{ctx: t.Context()}, owner: bookshop}
}

// After the first error nothing is called and nothing recorded, also not under another owner.
func TestTheFirstErrorSticks(t *testing.T) {
	t.Parallel()
	calls := 0
	s := testScope(t, testSeeder(t, func(w http.ResponseWriter, _ *http.Request) {
		calls++
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"__type":"com.amazonaws.sqs#QueueNameExists","message":"no"}`)
	}))
	s.queue("one", nil)
	first := s.err
	s.as(payroll).queue("two", nil)
	s.queue("three", nil)
	if first == nil || s.err != first || calls != 1 || len(s.resources) != 0 {
		t.Errorf("%d calls, %d resources, error %v then %v", calls, len(s.resources), first, s.err)
	}
	if text := first.Error(); !strings.HasPrefix(text, "seed by sqs CreateQueue: ") {
		t.Errorf("the error does not name the call: %s", text)
	}
}

func TestAnAnswerWithoutAnIDIsAnError(t *testing.T) {
	t.Parallel()
	s := testScope(t, testSeeder(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_, _ = io.WriteString(w, `{}`)
	}))
	create(s, Resource{Kind: "AWS::SQS::Queue", Name: "q"}, s.clients.sqs.CreateQueue, &sqs.CreateQueueInput{QueueName: aws.String("q")},
		func(o *sqs.CreateQueueOutput) *string { return o.QueueUrl })
	if !fault.Is(s.err, fault.Internal) || len(s.resources) != 0 {
		t.Errorf("error %v, resources %v", s.err, s.resources)
	}
}

func TestCodesHaveKinds(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]fault.Kind{
		"BucketAlreadyOwnedByYou": fault.Conflict, "EntityAlreadyExists": fault.Conflict, "ResourceInUseException": fault.Conflict, "InvalidPermission.Duplicate": fault.Conflict,
		"AccessDenied": fault.Denied, "UnauthorizedOperation": fault.Denied, "ThrottlingException": fault.Throttled, "SlowDown": fault.Throttled, "RequestLimitExceeded": fault.Throttled,
		"NotImplemented": fault.Unsupported, "ValidationError": fault.Invalid,
	} {
		err := callFault(&smithy.GenericAPIError{Code: code, Message: "m", Fault: smithy.FaultClient}, "x Y")
		if got := fault.KindOf(err); got != want {
			t.Errorf("%s is %s, want %s", code, got, want)
		}
	}
	if err := callFault(&smithy.GenericAPIError{Code: "InternalError", Fault: smithy.FaultServer}, "x Y"); !fault.Is(err, fault.Unavailable) {
		t.Errorf("a server's own trouble is %s", fault.KindOf(err))
	}
	if got := operation(&ec2.CreateVpcInput{}); got != "ec2 CreateVpc" {
		t.Errorf("operation %q", got)
	}
}

// Buckets that outlived the control plane are refused too, before any change.
func TestLeftOverBucketIsRefused(t *testing.T) {
	t.Parallel()
	var writes []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "text/xml")
		switch {
		case strings.Contains(string(body), "Action=DescribeVpcs"):
			_, _ = io.WriteString(w, `<DescribeVpcsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><vpcSet/></DescribeVpcsResponse>`)
		case r.Method == http.MethodGet && r.URL.Path == "/":
			_, _ = io.WriteString(w, `<ListAllMyBucketsResult><Buckets><Bucket><Name>other</Name></Bucket><Bucket><Name>shared-exports-123456789012</Name></Bucket></Buckets></ListAllMyBucketsResult>`)
		default:
			writes = append(writes, r.Method+" "+r.URL.Path)
			w.WriteHeader(http.StatusNotImplemented)
		}
	}))
	defer server.Close()
	_, err := Run(t.Context(), testOptions(server.URL))
	if !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), `bucket "shared-exports-123456789012"`) || fault.HintOf(err) == "" {
		t.Errorf("got %v", err)
	}
	if len(writes) != 0 {
		t.Errorf("a refused run made calls: %q", writes)
	}
}

func admin(t *testing.T, handler http.HandlerFunc) *uploader {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	base, err := url.Parse(server.URL + "/_landfall/")
	if err != nil {
		t.Fatal(err)
	}
	return &uploader{s: &seeder{o: Options{Admin: base}}}
}

func TestPostsGoToTheAdminEndpoint(t *testing.T) {
	t.Parallel()
	var got []string
	u := admin(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, r.Method+" "+r.URL.Path+" "+string(body))
		_, _ = io.WriteString(w, `{"loaded":1}`)
	})
	for _, lines := range []string{"{}\n", ""} {
		if err := u.Post(t.Context(), "trail", []byte(lines)); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(got, []string{"POST /_landfall/trail {}\n"}) {
		t.Errorf("requests %q", got)
	}
	if err := (&uploader{s: &seeder{}}).Post(t.Context(), "trail", []byte("{}\n")); err != nil {
		t.Errorf("without an admin endpoint: %v", err)
	}
}

func TestPostsThatAreNotKeptAreErrors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		answer string
		kind   fault.Kind
	}{
		"refused":    {http.StatusBadRequest, `{"error":"line 3"}`, fault.Invalid},
		"no room":    {http.StatusOK, `{"loaded":2,"dropped":1}`, fault.Storage},
		"not answer": {http.StatusOK, `<html>`, fault.Invalid},
	} {
		u := admin(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, c.answer)
		})
		if err := u.Post(t.Context(), "metrics", []byte("{}\n")); !fault.Is(err, c.kind) {
			t.Errorf("%s: %v, want kind %s", name, err, c.kind)
		}
	}
}

// The error of an upload is what a history that broke off reports, not the
// cancelled context that followed from it.
func TestFailedUploadExplains(t *testing.T) {
	t.Parallel()
	s := testSeeder(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `<Error><Code>AccessDenied</Code><Message>no</Message></Error>`)
	})
	group, ctx := errgroup.WithContext(t.Context())
	u := &uploader{s: s, group: group, ctx: ctx}
	if err := u.Put(ctx, history.File{Bucket: "b", Key: "k", Body: []byte("x")}); err != nil {
		t.Fatal(err)
	}
	if err := group.Wait(); !fault.Is(err, fault.Denied) || !strings.Contains(err.Error(), `"k"`) {
		t.Errorf("got %v", err)
	}
	if err := u.Put(ctx, history.File{}); !errors.Is(err, context.Canceled) {
		t.Errorf("after a failure: %v", err)
	}
}

// The user data is a cloud-init document that YAML can read, and the environment in it is whole.
func TestUserDataIsCloudInit(t *testing.T) {
	t.Parallel()
	text, err := base64.StdEncoding.DecodeString(userData([][2]string{{"A", "1"}, {"B", "s3://x"}}))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(text, []byte("#cloud-config\n")) || len(text) > 16<<10 {
		t.Errorf("%d bytes that start with %.20q", len(text), text)
	}
	var document struct {
		WriteFiles []struct{ Path, Content string } `yaml:"write_files"`
		Runcmd     [][]string
	}
	if err := yaml.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	if len(document.WriteFiles) != 3 || !strings.HasPrefix(document.WriteFiles[1].Content, "#!/bin/sh\n") || document.WriteFiles[0].Content != "A=1\nB=s3://x\n" || len(document.Runcmd) != 2 {
		t.Errorf("document %+v", document)
	}
}

func TestFunctionZipIsStable(t *testing.T) {
	t.Parallel()
	first, err := functionZip("mailer")
	if err != nil {
		t.Fatal(err)
	}
	second, err := functionZip("mailer")
	if err != nil || !bytes.Equal(first, second) {
		t.Error("two archives of one function differ", err)
	}
	z, err := zip.NewReader(bytes.NewReader(first), int64(len(first)))
	if err != nil || len(z.File) != 1 || z.File[0].Name != "main.py" {
		t.Error("not an archive with a handler", err)
	}
}

// DynamoDB answers 200 also when it took a part of a batch only.
func TestItemsThatWereNotTakenAreAnError(t *testing.T) {
	t.Parallel()
	s := testScope(t, testSeeder(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_, _ = io.WriteString(w, `{"UnprocessedItems":{"bookshop-sessions":[{"PutRequest":{"Item":{"session_id":{"S":"x"}}}}]}}`)
	}))
	if s.sessions(); !fault.Is(s.err, fault.Throttled) || !strings.Contains(s.err.Error(), "1 of 25") {
		t.Errorf("error %v", s.err)
	}
}

func TestQueueLocation(t *testing.T) {
	t.Parallel()
	if got := queueLocation("https://sqs.us-east-1.amazonaws.com/1/q"); got != "sqs://sqs.us-east-1.amazonaws.com/1/q" {
		t.Error(got)
	}
}

func TestPasswordsDependOnSeedAndPurpose(t *testing.T) {
	t.Parallel()
	a, b := &seeder{o: Options{Seed: 1}}, &seeder{o: Options{Seed: 2}}
	first := a.password("x")
	if again := a.password("x"); first != again || first == a.password("y") || first == b.password("x") {
		t.Error("passwords do not follow seed and purpose")
	}
	if n := len(first); n < 20 {
		t.Errorf("a password of %d characters", n)
	}
}

func TestLargeContentDependsOnSeedAndNumber(t *testing.T) {
	t.Parallel()
	read := func(seed uint64, i int) string {
		b := make([]byte, 64)
		if _, err := largeContent(seed, i).Read(b); err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	first := read(1, 0)
	if again := read(1, 0); first != again || first == read(1, 1) || first == read(2, 0) {
		t.Error("contents do not follow seed and number")
	}
}

func TestPoliciesAreDocuments(t *testing.T) {
	t.Parallel()
	s := testScope(t, testSeeder(t, http.NotFound))
	texts := []string{trust("ec2.amazonaws.com"), exportsPolicy(s, "arn:aws:s3:::b"), logsPolicy(s, "arn:aws:s3:::b"), trailPolicy(s, "arn:aws:s3:::b")}
	for _, row := range s.roles() {
		for _, name := range sortedKeys(row.inline) {
			texts = append(texts, row.inline[name])
		}
	}
	for _, text := range texts {
		var d struct {
			Version   string
			Statement []struct{ Effect string }
		}
		if err := json.Unmarshal([]byte(text), &d); err != nil || d.Version != "2012-10-17" || len(d.Statement) == 0 {
			t.Errorf("%s: %v", text, err)
		}
		for _, one := range d.Statement {
			if one.Effect != "Allow" && one.Effect != "Deny" {
				t.Errorf("effect %q in %s", one.Effect, text)
			}
		}
	}
}

// The address plan: no two subnets overlap, all lie in the VPC, and each tier has both zones.
func TestAddressPlan(t *testing.T) {
	t.Parallel()
	zones := map[string]string{}
	seen := map[string]bool{}
	for _, row := range subnets() {
		if seen[row.block] || !strings.HasPrefix(row.block, "10.20.") || !strings.HasSuffix(row.block, ".0/24") {
			t.Errorf("subnet %s has block %s", row.name, row.block)
		}
		seen[row.block] = true
		zones[strings.TrimSuffix(row.name, "-"+row.zone)] += row.zone
	}
	for tier, both := range zones {
		if both != "ab" {
			t.Errorf("tier %s is in zones %q", tier, both)
		}
	}
}

// Whatever order resources were made in, the summary lists them alike.
func TestResourceOrderIsStable(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		list := rapid.SliceOf(rapid.Custom(func(r *rapid.T) Resource {
			return Resource{Kind: "AWS::S3::Bucket", ID: rapid.StringMatching(`[a-c]{1,2}`).Draw(r, "id"), Name: rapid.StringMatching(`[a-c]`).Draw(r, "name")}
		})).Draw(r, "list")
		other := rapid.Permutation(list).Draw(r, "other")
		sortResources(list)
		sortResources(other)
		if !slices.EqualFunc(list, other, func(a, b Resource) bool { return a.ID == b.ID && a.Name == b.Name }) {
			r.Fatalf("%v and %v", list, other)
		}
	})
}

func TestTagsOfOwners(t *testing.T) {
	t.Parallel()
	if stray.named("x") != nil || len(tagsOf(stray)) != 0 {
		t.Error("a stray has tags")
	}
	if bookshop.named("x")["Name"] != "x" || tagsOf(platform)["workload"] != "" {
		t.Error("tags of the owners are mixed up")
	}
	// A name for one resource must not stick to the next.
	if _, ok := tagsOf(bookshop)["Name"]; ok {
		t.Error("a name stuck to the owner's tags")
	}
}

func TestTailsOfARNs(t *testing.T) {
	t.Parallel()
	const lb = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/bookshop/50dc6c495c0c9188"
	if got := balancerTail(lb); got != "app/bookshop/50dc6c495c0c9188" {
		t.Errorf("balancer tail %q", got)
	}
	if got := arnTail("arn:aws:s3:::b"); got != "b" {
		t.Errorf("tail of a bucket %q", got)
	}
}
