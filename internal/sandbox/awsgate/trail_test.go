package awsgate_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"example.com/landfall/internal/sandbox/awsgate"
)

func recordOf(t testing.TB, e types.Event) map[string]any {
	t.Helper()
	var record map[string]any
	if err := json.Unmarshal([]byte(aws.ToString(e.CloudTrailEvent)), &record); err != nil {
		t.Fatal(err)
	}
	return record
}

// Paging finds each call once, in order, while other calls keep arriving.
func TestPagingWhileEventsArrive(t *testing.T) {
	t.Parallel()
	b := open(t, nil)
	users := iam.NewFromConfig(b.config(t))
	const calls = 60
	for i := range calls {
		must(t)(users.CreateUser(t.Context(), &iam.CreateUserInput{UserName: aws.String("u" + strconv.Itoa(i))}))
	}
	client := cloudtrail.NewFromConfig(b.config(t))
	in := &cloudtrail.LookupEventsInput{MaxResults: aws.Int32(7), LookupAttributes: []types.LookupAttribute{
		{AttributeKey: types.LookupAttributeKeyEventName, AttributeValue: aws.String("CreateUser")}}}
	var seen []string
	for {
		page, err := client.LookupEvents(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Events {
			parameters, _ := recordOf(t, e)["requestParameters"].(map[string]any)
			name, _ := parameters["userName"].(string)
			seen = append(seen, name)
		}
		if page.NextToken == nil {
			break
		}
		in.NextToken = page.NextToken
		must(t)(users.CreateUser(t.Context(), &iam.CreateUserInput{UserName: aws.String("late" + strconv.Itoa(len(seen)))}))
	}
	if len(seen) != calls {
		t.Fatalf("%d events, want %d: %v", len(seen), calls, seen)
	}
	for i, name := range seen {
		if want := "u" + strconv.Itoa(calls-1-i); name != want {
			t.Fatalf("event %d is of %s, want %s", i, name, want)
		}
	}
}

// Who a call is from: the root, a user by the key that IAM gave out, a role's
// session.
func TestIdentities(t *testing.T) {
	t.Parallel()
	b := open(t, nil)
	ctx := t.Context()
	users := iam.NewFromConfig(b.config(t))
	user, err := users.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("deploy")})
	if err != nil {
		t.Fatal(err)
	}
	key, err := users.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("deploy")})
	if err != nil {
		t.Fatal(err)
	}
	role, err := users.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("shop-instance"), AssumeRolePolicyDocument: aws.String("{}")})
	if err != nil {
		t.Fatal(err)
	}
	session, err := sts.NewFromConfig(b.config(t)).AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: role.Role.Arn, RoleSessionName: aws.String("i-0abc")})
	if err != nil {
		t.Fatal(err)
	}
	as := func(id, secret, token string) {
		cfg := b.config(t)
		cfg.Credentials = credentials.NewStaticCredentialsProvider(id, secret, token)
		must(t)(kms.NewFromConfig(cfg).ListKeys(ctx, &kms.ListKeysInput{}))
	}
	as(*key.AccessKey.AccessKeyId, *key.AccessKey.SecretAccessKey, "")
	as(*session.Credentials.AccessKeyId, *session.Credentials.SecretAccessKey, *session.Credentials.SessionToken)

	events := b.events(t, []types.LookupAttribute{{AttributeKey: types.LookupAttributeKeyEventName, AttributeValue: aws.String("ListKeys")}})
	if len(events) != 2 {
		t.Fatalf("%d events, want 2", len(events))
	}
	byRole, _ := recordOf(t, events[0])["userIdentity"].(map[string]any)
	byUser, _ := recordOf(t, events[1])["userIdentity"].(map[string]any)
	if byUser["type"] != "IAMUser" || byUser["userName"] != "deploy" || byUser["principalId"] != *user.User.UserId || byUser["accessKeyId"] != *key.AccessKey.AccessKeyId {
		t.Errorf("user identity %v", byUser)
	}
	issuer, _ := byRole["sessionContext"].(map[string]any)["sessionIssuer"].(map[string]any)
	if byRole["type"] != "AssumedRole" || issuer["arn"] != *role.Role.Arn || issuer["userName"] != "shop-instance" ||
		byRole["principalId"] != *role.Role.RoleId+":i-0abc" {
		t.Errorf("role identity %v", byRole)
	}
	if aws.ToString(events[0].Username) != "i-0abc" || aws.ToString(events[1].Username) != "deploy" {
		t.Errorf("user names %q, %q", aws.ToString(events[0].Username), aws.ToString(events[1].Username))
	}
}

// No secret reaches a record, neither from requests nor from answers.
func TestSecretsStayOut(t *testing.T) {
	t.Parallel()
	b := open(t, nil)
	ctx := t.Context()
	const secret = "correct-horse-battery"
	must(t)(secretsmanager.NewFromConfig(b.config(t)).CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: aws.String("db"), SecretString: aws.String(secret)}))
	users := iam.NewFromConfig(b.config(t))
	must(t)(users.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("x")}))
	must(t)(users.CreateLoginProfile(ctx, &iam.CreateLoginProfileInput{UserName: aws.String("x"), Password: aws.String(secret)}))
	key, err := users.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("x")})
	if err != nil {
		t.Fatal(err)
	}
	b.cli(t, "rds", "create-db-instance", "--db-instance-identifier", "shop", "--engine", "postgres", "--db-instance-class", "db.t3.micro",
		"--allocated-storage", "20", "--master-username", "root", "--master-user-password", secret)
	events := b.events(t, nil)
	if len(events) != 5 {
		t.Errorf("%d events, want 5: %v", len(events), names(events))
	}
	for _, e := range events {
		text := aws.ToString(e.CloudTrailEvent)
		if strings.Contains(text, secret) || strings.Contains(text, *key.AccessKey.SecretAccessKey) {
			t.Errorf("a secret stands in %s", text)
		}
	}
	if text := aws.ToString(events[0].CloudTrailEvent); !strings.Contains(text, `"masterUserPassword":"HIDDEN_DUE_TO_SECURITY_REASONS"`) ||
		!strings.Contains(text, `"allocatedStorage":20`) {
		t.Errorf("record of CreateDBInstance: %s", text)
	}
}

// The command line shows CloudTrail's own errors.
func TestLookupRefusals(t *testing.T) {
	t.Parallel()
	b := open(t, nil)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--start-time", "2026-01-02", "--end-time", "2026-01-01"}, "InvalidTimeRangeException"},
		{[]string{"--lookup-attributes", "AttributeKey=EventName,AttributeValue=A", "AttributeKey=EventName,AttributeValue=B"}, "InvalidLookupAttributesException"},
	} {
		_, err := b.cliTry(t, append([]string{"cloudtrail", "lookup-events", "--no-paginate"}, c.args...)...)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: error %v, want %s", c.args, err, c.want)
		}
	}
}

var deliveredKey = regexp.MustCompile(`^logs/AWSLogs/\d{12}/CloudTrail/us-east-1/\d{4}/\d\d/\d\d/\d{12}_CloudTrail_us-east-1_\d{8}T\d{4}Z_[A-Za-z0-9]{16}\.json\.gz$`)

// A trail delivers what its selectors ask for, and only that.
func TestDelivery(t *testing.T) {
	t.Parallel()
	b := open(t, nil)
	ctx := t.Context()
	logs, data := b.bucket(t, "logs"), b.bucket(t, "data")
	trails := cloudtrail.NewFromConfig(b.config(t))
	name := aws.String("main")
	must(t)(trails.CreateTrail(ctx, &cloudtrail.CreateTrailInput{Name: name, S3BucketName: &logs, S3KeyPrefix: aws.String("logs"), IsMultiRegionTrail: aws.Bool(true)}))
	must(t)(trails.PutEventSelectors(ctx, &cloudtrail.PutEventSelectorsInput{TrailName: name, EventSelectors: []types.EventSelector{{
		IncludeManagementEvents: aws.Bool(true), ReadWriteType: types.ReadWriteTypeWriteOnly,
		DataResources: []types.DataResource{{Type: aws.String("AWS::S3::Object"), Values: []string{"arn:aws:s3:::" + data + "/"}}}}}}))
	must(t)(trails.StartLogging(ctx, &cloudtrail.StartLoggingInput{Name: name}))

	client := b.s3(t)
	put := func(bucket, key string) {
		must(t)(client.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader("x")}))
	}
	put(data, "covers/1.jpg")
	put(logs, "not-asked-for")
	must(t)(client.GetObject(ctx, &s3.GetObjectInput{Bucket: &data, Key: aws.String("covers/1.jpg")}))
	must(t)(iam.NewFromConfig(b.config(t)).CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("new")}))
	must(t)(iam.NewFromConfig(b.config(t)).ListUsers(ctx, &iam.ListUsersInput{}))
	must(t)(trails.StopLogging(ctx, &cloudtrail.StopLoggingInput{Name: name}))
	must(t)(iam.NewFromConfig(b.config(t)).CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("after")}))
	if status, text := b.admin(t, "POST", "deliver", ""); status != 200 {
		t.Fatalf("deliver: %d %s", status, text)
	}

	got := b.delivered(t, logs)
	want := []string{"StartLogging", "PutObject", "CreateUser"}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("delivered %v, want %v", got, want)
	}
	if events := b.events(t, []types.LookupAttribute{{AttributeKey: types.LookupAttributeKeyEventName, AttributeValue: aws.String("PutObject")}}); len(events) != 0 {
		t.Errorf("LookupEvents shows %d data events", len(events))
	}
}

// delivered reads back the names of all events in a trail's bucket.
func (b *bed) delivered(t testing.TB, bucket string) []string {
	t.Helper()
	client := b.s3(t)
	list, err := client.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: aws.String("logs/AWSLogs/")})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, o := range list.Contents {
		if !deliveredKey.MatchString(*o.Key) {
			t.Errorf("key %q has not CloudTrail's form", *o.Key)
		}
		object, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: o.Key})
		if err != nil {
			t.Fatal(err)
		}
		defer object.Body.Close()
		unzip, err := gzip.NewReader(object.Body)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(unzip)
		if err != nil {
			t.Fatal(err)
		}
		var file struct{ Records []map[string]any }
		if err := json.NewDecoder(bytes.NewReader(text)).Decode(&file); err != nil {
			t.Fatal(err)
		}
		for _, r := range file.Records {
			name, _ := r["eventName"].(string)
			out = append(out, name)
		}
	}
	return out
}

// Many clients at once: each call is recorded exactly once.
func TestConcurrentClients(t *testing.T) {
	t.Parallel()
	b := open(t, nil)
	const clients, calls = 8, 12
	var wait sync.WaitGroup
	for c := range clients {
		wait.Go(func() {
			users := iam.NewFromConfig(b.config(t))
			for i := range calls {
				name := "c" + strconv.Itoa(c) + "-" + strconv.Itoa(i)
				if _, err := users.CreateUser(t.Context(), &iam.CreateUserInput{UserName: &name}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	seen := map[string]int{}
	for _, e := range b.events(t, nil) {
		parameters, _ := recordOf(t, e)["requestParameters"].(map[string]any)
		name, _ := parameters["userName"].(string)
		seen[name]++
	}
	if len(seen) != clients*calls {
		t.Errorf("%d different calls in the trail, want %d", len(seen), clients*calls)
	}
	for name, n := range seen {
		if n != 1 {
			t.Errorf("the call for %q is recorded %d times", name, n)
		}
	}
}

// A gate that is started again on the same folder goes on with the record, and
// with the same seed loses nothing to ids that were used before.
func TestTrailOutlivesTheGate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var got []string
	for _, name := range []string{"first", "second"} {
		b := open(t, func(o *awsgate.Options) { o.Dir = dir })
		must(t)(iam.NewFromConfig(b.config(t)).CreateUser(t.Context(), &iam.CreateUserInput{UserName: &name}))
		got = nil
		for _, e := range b.events(t, nil) {
			parameters, _ := recordOf(t, e)["requestParameters"].(map[string]any)
			got = append(got, parameters["userName"].(string))
		}
		if err := b.gate.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if strings.Join(got, " ") != "second first" {
		t.Errorf("%v", got)
	}
}
