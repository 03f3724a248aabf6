package awsgate_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

func (b *bed) patient(t testing.TB, attempts int) aws.Config {
	cfg := b.config(t)
	cfg.RetryMaxAttempts = 0 // it would override the retryer's
	cfg.Retryer = func() aws.Retryer {
		return retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts = attempts
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return time.Millisecond, nil })
		})
	}
	return cfg
}

// The SDK's own retryer takes each throttling error for one, and gets over it.
func TestThrottlingIsRetried(t *testing.T) {
	t.Parallel()
	b := open(t, nil)
	bucket := b.bucket(t, "throttled")
	for name, call := range map[string]func(aws.Config) error{
		"ec2": func(c aws.Config) error {
			_, err := ec2.NewFromConfig(c).DescribeVpcs(t.Context(), &ec2.DescribeVpcsInput{})
			return err
		},
		"dynamodb": func(c aws.Config) error {
			_, err := dynamodb.NewFromConfig(c).ListTables(t.Context(), &dynamodb.ListTablesInput{})
			return err
		},
		"lambda": func(c aws.Config) error {
			_, err := lambda.NewFromConfig(c).ListFunctions(t.Context(), &lambda.ListFunctionsInput{})
			return err
		},
		"s3": func(c aws.Config) error {
			client := s3.NewFromConfig(c, func(o *s3.Options) { o.UsePathStyle = true })
			_, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: aws.String("k"), Body: strings.NewReader("x")})
			return err
		},
	} {
		b.admin(t, "DELETE", "faults", "")
		b.admin(t, "POST", "faults", `{"kind":"throttle","calls":[1,2]}`)
		if err := call(b.patient(t, 3)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		b.admin(t, "DELETE", "faults", "")
		b.admin(t, "POST", "faults", `{"kind":"throttle","every":1}`)
		err := call(b.patient(t, 1))
		if api, ok := errors.AsType[smithy.APIError](err); !ok || retry.IsErrorThrottles(retry.DefaultThrottles).IsErrorThrottle(err) != aws.TrueTernary {
			t.Errorf("%s: %v (%v) is no throttling error to the SDK", name, err, api)
		}
		if _, text := b.admin(t, "GET", "faults", ""); !strings.Contains(text, `"matched":1,"fired":1`) {
			t.Errorf("faults: %s", text)
		}
	}
}

// A call that took effect without an answer is in the trail, once, and the
// user exists; a call that was cut before is in neither.
func TestEffectThenTimeoutAndReset(t *testing.T) {
	t.Parallel()
	b := open(t, nil)
	create := func(name string) error {
		_, err := iam.NewFromConfig(b.patient(t, 1)).CreateUser(t.Context(), &iam.CreateUserInput{UserName: &name})
		return err
	}
	b.admin(t, "POST", "faults", `[{"kind":"effectThenTimeout","calls":[1],"operation":"CreateUser"},{"kind":"reset","calls":[2],"operation":"CreateUser"},
		{"kind":"error500","calls":[3],"operation":"CreateUser"},{"kind":"delay","delayMillis":1,"calls":[4],"operation":"CreateUser"}]`)
	for i, name := range []string{"unanswered", "cut", "failed", "delayed"} {
		if err := create(name); (err == nil) != (name == "delayed") {
			t.Errorf("call %d, %s: %v", i+1, name, err)
		}
	}
	list, err := iam.NewFromConfig(b.config(t)).ListUsers(t.Context(), &iam.ListUsersInput{})
	if err != nil {
		t.Fatal(err)
	}
	var users []string
	for _, u := range list.Users {
		if *u.UserName != "testkit" {
			users = append(users, *u.UserName)
		}
	}
	if strings.Join(users, " ") != "unanswered delayed" {
		t.Errorf("users %v", users)
	}
	var outcomes []string
	for _, e := range b.events(t, nil) {
		record := recordOf(t, e)
		code, _ := record["errorCode"].(string)
		outcomes = append(outcomes, *e.EventName+":"+code)
	}
	if got := strings.Join(outcomes, " "); got != "ListUsers: CreateUser: CreateUser:InternalFailure CreateUser:" {
		t.Errorf("trail: %s", got)
	}
}

func TestAdminRefusals(t *testing.T) {
	t.Parallel()
	b := open(t, nil)
	for _, c := range []struct {
		method, path, body string
		status             int
		text               string
	}{
		{"GET", "health", "", 200, `"status":"ok"`},
		{"GET", "nothing", "", 404, `"kind":"not-found"`},
		{"POST", "faults", `{"kind":"earthquake","every":1}`, 400, "earthquake"},
		{"POST", "faults", `{"kind":"reset","every":1,"maxcuont":1}`, 400, "maxcuont"},
		{"PUT", "faults", ``, 405, "GET, POST or DELETE"},
		{"POST", "trail", `{"eventID":"x"}`, 400, "line 1"},
		{"POST", "metrics", `{`, 400, "error"},
		{"POST", "nodes", `{`, 400, "error"},
	} {
		status, text := b.admin(t, c.method, c.path, c.body)
		if status != c.status || !strings.Contains(text, c.text) {
			t.Errorf("%s %s: %d %s", c.method, c.path, status, text)
		}
	}
}
