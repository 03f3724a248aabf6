package cloudtrail_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/records"
	"example.com/landfall/internal/records/cloudtrail"
	"example.com/landfall/internal/records/mangle"
)

// tree is a record while a test puts it together.
type tree = map[string]any

func record(id int, more tree) tree {
	r := tree{"eventVersion": "1.11", "eventTime": "2026-11-20T10:00:01Z", "eventSource": "s3.amazonaws.com", "eventName": "GetObject", "awsRegion": "us-east-1", "sourceIPAddress": "10.0.0.5",
		"userAgent": "sdk \"x\"", "eventID": fmt.Sprintf("00000000-0000-4000-8000-%012d", id), "readOnly": true, "eventType": "AwsApiCall", "managementEvent": false, "eventCategory": "Data",
		"recipientAccountId": "123456789012", "vpcEndpointId": "vpce-1",
		"userIdentity": tree{"type": "AssumedRole", "principalId": "AROAX:i-0a", "arn": "arn:aws:sts::123456789012:assumed-role/app/i-0a", "accountId": "123456789012",
			"sessionContext": tree{"sessionIssuer": tree{"type": "Role", "arn": "arn:aws:iam::123456789012:role/path/app"}}},
		"requestParameters": tree{"bucketName": "covers", "key": "a/b.jpg"},
		"resources":         []any{tree{"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::covers/a/b.jpg"}, tree{"type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::covers", "accountId": "123456789012"}}}
	for k, v := range more {
		r[k] = v
		if v == nil {
			delete(r, k)
		}
	}
	return r
}

func encode(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// events gives what a file holds.
func events(t testing.TB, name, text string) ([]cloudtrail.Event, records.Result) {
	t.Helper()
	var list []cloudtrail.Event
	report, err := records.Each(t.Context(), []records.File{records.Bytes(name, []byte(text))}, records.Options{}, reading(func(e *cloudtrail.Event) {
		c := *e
		c.Resources = slices.Clone(e.Resources)
		list = append(list, c)
	}))
	if err != nil {
		t.Fatal(err)
	}
	return list, report.Files[0]
}

func TestAllFieldsOfARecord(t *testing.T) {
	t.Parallel()
	list, res := events(t, "x.json", encode(t, tree{"Records": []any{record(1, tree{"errorCode": "AccessDenied"})}}))
	want := cloudtrail.Event{ID: "00000000-0000-4000-8000-000000000001", Time: time.Date(2026, 11, 20, 10, 0, 1, 0, time.UTC), Version: "1.11", Type: "AwsApiCall", Category: "Data",
		Principal: "arn:aws:iam::123456789012:role/path/app", Identity: "AssumedRole", Session: "i-0a", PrincipalAccount: "123456789012", Account: "123456789012", Service: "s3", Action: "GetObject",
		Region: "us-east-1", Resources: []string{"arn:aws:s3:::covers"}, Address: "10.0.0.5", Agent: `sdk "x"`, Endpoint: "vpce-1", Error: "AccessDenied", ReadOnly: true, DataEvent: true}
	if len(list) != 1 || fmt.Sprintf("%+v", list[0]) != fmt.Sprintf("%+v", want) || res.Entries != 1 {
		t.Errorf("got  %+v\nwant %+v\n%+v", list, want, res)
	}
}

// The same two records in every form that people have them in.
func TestForms(t *testing.T) {
	t.Parallel()
	a, b := record(1, nil), record(2, tree{"eventName": "PutObject", "readOnly": false})
	one, two := encode(t, a), encode(t, b)
	row := func(r tree) []any {
		return []any{tree{"eventID": r["eventID"]}, tree{"eventTime": "2026-11-20 10:00:01.000"}, tree{"eventSource": r["eventSource"]}, tree{"eventName": r["eventName"]},
			tree{"userIdentity": "{type=AssumedRole, principalid=AROAX:i-0a, arn=arn:aws:sts::123456789012:assumed-role/app/i-0a, sessioncontext={attributes={mfa=false}, sessionissuer={type=Role, arn=arn:aws:iam::123456789012:role/path/app}}}"}}
	}
	cell := func(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
	line := func(r tree) string {
		return strings.Join([]string{r["eventID"].(string), "2026-11-20T10:00:01Z", "s3.amazonaws.com", r["eventName"].(string), cell(encode(t, r["userIdentity"])), cell(encode(t, r["requestParameters"]))}, ",")
	}
	for name, text := range map[string]string{
		"delivered":        `{"Records":[` + one + "," + two + "]}",
		"indented":         func() string { x, _ := json.MarshalIndent(tree{"Records": []any{a, b}}, "", "  "); return string(x) }(),
		"lines":            one + "\n" + two + "\n",
		"list":             "[" + one + " , " + two + "]",
		"documents":        `{"Records":[` + one + `]}{"Records":[` + two + `]}`,
		"LookupEvents":     encode(t, tree{"Events": []any{tree{"EventId": "1", "EventName": "GetObject", "ReadOnly": "true", "EventTime": 1795168801.0, "Resources": []any{tree{"ResourceType": "x", "ResourceName": "y"}}, "Username": "u", "CloudTrailEvent": one}, tree{"CloudTrailEvent": two}}, "NextToken": "n"}),
		"token first":      `{"NextToken":"n","Events":[{"CloudTrailEvent":` + encode(t, one) + `},{"CloudTrailEvent":` + encode(t, two) + `}],"x":[1,2],"y":{"z":1}}`,
		"CloudWatch Logs":  encode(t, tree{"messageType": "DATA_MESSAGE", "logEvents": []any{tree{"id": "1", "timestamp": 1, "message": one}, tree{"id": "2", "message": two}}}),
		"EventBridge":      encode(t, tree{"version": "0", "detail-type": "AWS API Call via CloudTrail", "resources": []any{"arn:x"}, "source": "aws.s3", "detail": a}) + "\n" + encode(t, tree{"detail": b}),
		"Lake rows":        encode(t, tree{"QueryStatus": "FINISHED", "QueryResultRows": []any{row(a), row(b)}, "NextToken": "n"}),
		"table":            "eventID,eventTime,eventSource,eventName,userIdentity,requestParameters\n" + line(a) + "\n" + line(b) + "\n",
		"table, lowercase": "eventid,eventtime,eventsource,eventname,useridentity,requestparameters\n" + line(a) + "\n" + line(b),
	} {
		list, res := events(t, "x.json", text)
		if len(list) != 2 || res.Entries != 2 || res.Broken != 0 || res.Truncated != "" || res.Err != nil {
			t.Errorf("%s: %d events, %+v", name, len(list), res)
			continue
		}
		for i, want := range []string{"GetObject", "PutObject"} {
			if e := list[i]; e.Action != want || e.Principal != "arn:aws:iam::123456789012:role/path/app" || e.Session != "i-0a" || e.Service != "s3" || e.ID == "" || e.Time.Hour() != 10 {
				t.Errorf("%s: %+v", name, e)
			}
		}
		if !cloudtrail.Recognise("x", []byte(text)) {
			t.Errorf("%s: not recognised", name)
		}
	}
}

func TestPrincipals(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name               string
		identity           any
		more               tree
		principal, session string
	}{
		{"user", tree{"type": "IAMUser", "arn": "arn:aws:iam::1:user/ci", "userName": "ci"}, nil, "arn:aws:iam::1:user/ci", ""},
		{"root", tree{"type": "Root", "arn": "arn:aws:iam::1:root"}, nil, "arn:aws:iam::1:root", ""},
		{"session without issuer", tree{"type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/app/me"}, nil, "arn:aws:iam::1:role/app", "me"},
		{"a service for a role", tree{"type": "AssumedRole", "invokedBy": "kms.amazonaws.com", "principalId": "AROA:me", "sessionContext": tree{"sessionIssuer": tree{"arn": "arn:aws:iam::1:role/r"}}}, nil, "arn:aws:iam::1:role/r", "me"},
		{"role of a web identity", tree{"type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/r/pod", "sessionContext": tree{"sessionIssuer": tree{"arn": "arn:aws:iam::1:role/r"}, "webIdFederationData": tree{"federatedProvider": "arn:aws:iam::1:oidc-provider/x"}}}, nil, "arn:aws:iam::1:role/r", "pod"},
		{"service", tree{"type": "AWSService", "invokedBy": "autoscaling.amazonaws.com"}, nil, "autoscaling.amazonaws.com", ""},
		{"account", tree{"type": "AWSAccount", "principalId": "AIDAX", "accountId": "999999999999"}, nil, "arn:aws:iam::999999999999:root", "AIDAX"},
		{"account in China", tree{"type": "AWSAccount", "accountId": "9"}, tree{"awsRegion": "cn-north-1"}, "arn:aws-cn:iam::9:root", ""},
		{"federated", tree{"type": "FederatedUser", "arn": "arn:aws:sts::1:federated-user/bob", "sessionContext": tree{"sessionIssuer": tree{"type": "IAMUser", "arn": "arn:aws:iam::1:user/alice"}}}, nil, "arn:aws:iam::1:user/alice", "bob"},
		{"web identity", tree{"type": "WebIdentityUser", "principalId": "accounts.google.com:app:u", "userName": "u", "identityProvider": "accounts.google.com"}, nil, "accounts.google.com", "u"},
		{"SAML", tree{"type": "SAMLUser", "userName": "eva", "identityProvider": "idp"}, nil, "idp", "eva"},
		{"Identity Center", tree{"type": "IdentityCenterUser", "accountId": "1", "onBehalfOf": tree{"userId": "u-1", "identityStoreArn": "arn:x"}, "credentialId": "c"}, nil, "arn:aws:identitystore:::user/u-1", ""},
		{"unknown", tree{"type": "Unknown", "principalId": "p"}, nil, "p", ""},
		{"service event", nil, tree{"eventType": "AwsServiceEvent", "sourceIPAddress": "lambda.amazonaws.com"}, "lambda.amazonaws.com", ""},
		{"service event without address", tree{"accountId": "1", "invokedBy": "AWS Internal"}, tree{"eventType": "AwsServiceEvent"}, "AWS Internal", ""},
	} {
		more := tree{"userIdentity": c.identity}
		for k, v := range c.more {
			more[k] = v
		}
		list, res := events(t, "x", encode(t, record(1, more)))
		if len(list) != 1 || list[0].Principal != c.principal || list[0].Session != c.session {
			t.Errorf("%s: %+v %+v", c.name, list, res)
		}
	}
}

func TestResources(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		service, action string
		request         any
		listed          any
		want            string
	}{
		{"s3", "PutObject", tree{"bucketName": "b", "key": "k"}, nil, "arn:aws:s3:::b"},
		{"s3", "ListBuckets", tree{"Host": "x"}, nil, ""},
		{"dynamodb", "GetItem", tree{"tableName": "t", "key": tree{"id": "1"}}, nil, "t"},
		{"dynamodb", "GetItem", tree{"tableName": "t"}, []any{tree{"type": "AWS::DynamoDB::Table", "ARN": "arn:aws:dynamodb:r:1:table/t"}}, "arn:aws:dynamodb:r:1:table/t"},
		{"lambda", "Invoke", tree{"functionName": "f"}, nil, "f"},
		{"sqs", "SendMessage", tree{"queueUrl": "https://q"}, nil, "https://q"},
		{"sns", "Publish", tree{"topicArn": "arn:t", "message": "HIDDEN"}, nil, "arn:t"},
		{"secretsmanager", "GetSecretValue", tree{"secretId": "s"}, nil, "s"},
		{"kms", "Decrypt", tree{"keyId": "k", "encryptionContext": tree{"SecretARN": "arn:s"}}, nil, "k"},
		{"rds", "ModifyDBInstance", tree{"dBInstanceIdentifier": "db", "vpcSecurityGroupIds": []any{"sg-1"}}, nil, "db"},
		{"iam", "AttachRolePolicy", tree{"roleName": "r", "policyArn": "arn:p"}, nil, "arn:p r"},
		{"ec2", "StopInstances", tree{"instancesSet": tree{"items": []any{tree{"instanceId": "i-1"}, tree{"instanceId": "i-2"}}}, "force": false}, nil, "i-1 i-2"},
		{"ec2", "DescribeInstances", tree{"instancesSet": tree{}, "filterSet": tree{"items": []any{tree{"name": "x", "valueSet": tree{"items": []any{tree{"value": "y"}}}}}}}, nil, ""},
		{"ssm", "SendCommand", tree{"documentName": "d", "instanceIds": []any{"i-1"}}, nil, "d i-1"},
		{"ecs", "UpdateService", tree{"cluster": "c", "service": "s"}, nil, "s"},
		{"kinesis", "PutRecord", tree{"streamName": "s"}, nil, "s"},
		{"elasticloadbalancing", "DescribeTargetHealth", tree{"targetGroupArn": "arn:tg"}, nil, "arn:tg"},
	} {
		list, res := events(t, "x", encode(t, record(1, tree{"eventSource": c.service + ".amazonaws.com", "eventName": c.action, "requestParameters": c.request, "resources": c.listed})))
		if len(list) != 1 {
			t.Errorf("%s: %+v", c.action, res)
			continue
		}
		got := slices.Clone(list[0].Resources)
		slices.Sort(got)
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %q", c.action, got, c.want)
		}
	}
}

// Old records lack what later ones say.
func TestOldEventVersions(t *testing.T) {
	t.Parallel()
	old := tree{"eventVersion": "1.0", "readOnly": nil, "managementEvent": nil, "eventCategory": nil, "eventID": nil, "eventType": nil, "recipientAccountId": nil, "resources": nil}
	list, _ := events(t, "x", encode(t, record(1, old)))
	if e := list[0]; !e.ReadOnly || !e.DataEvent || e.ID != "" || e.Account != "123456789012" || e.Resources[0] != "arn:aws:s3:::covers" {
		t.Errorf("%+v", e)
	}
	old["eventSource"], old["eventName"] = "ec2.amazonaws.com", "RunInstances"
	list, _ = events(t, "x", encode(t, record(1, old)))
	if e := list[0]; e.ReadOnly || e.DataEvent {
		t.Errorf("%+v", e)
	}
	for _, v := range []string{"1.01", "1.02", "1.03", "1.04", "1.05", "1.06", "1.07", "1.08", "1.09", "1.10", "1.11"} {
		if list, _ := events(t, "x", encode(t, record(1, tree{"eventVersion": v, "readOnly": "true"}))); list[0].Version != v || !list[0].ReadOnly {
			t.Errorf("%s: %+v", v, list)
		}
	}
}

func TestFilesBesideTheLogs(t *testing.T) {
	t.Parallel()
	digest := `{"awsAccountId":"1","digestStartTime":"2026-11-20T10:00:00Z","logFiles":[{"s3Bucket":"b","hashValue":"00"}]}`
	insight := encode(t, tree{"Records": []any{tree{"eventVersion": "1.08", "eventTime": "2026-11-20T10:00:00Z", "eventType": "AwsCloudTrailInsight", "eventCategory": "Insight", "insightDetails": tree{"state": "Start"}}}})
	for name, text := range map[string]string{
		"AWSLogs/1/CloudTrail-Digest/us-east-1/2026/11/20/1_CloudTrail-Digest_us-east-1_t_us-east-1_2026Z.json.gz": digest, "renamed.json": digest,
		"AWSLogs/1/CloudTrail-Insight/us-east-1/2026/11/20/1_CloudTrail-Insight_us-east-1_2026Z_x.json.gz": insight, "renamed2.json": insight,
	} {
		list, res := events(t, name, text)
		if len(list) != 0 || res.Skipped == "" || res.Err != nil || res.Broken != 0 || res.Fingerprint == "" {
			t.Errorf("%s: %d events, %+v", name, len(list), res)
		}
		if !cloudtrail.Recognise(name, []byte(text)) && !strings.HasPrefix(name, "renamed") {
			t.Errorf("%s: not recognised", name)
		}
	}
}

func TestBrokenFiles(t *testing.T) {
	t.Parallel()
	one, two, three := encode(t, record(1, nil)), encode(t, record(2, nil)), encode(t, record(3, nil))
	for _, c := range []struct {
		name, text        string
		entries, broken   int64
		truncated, failed bool
	}{
		{"cut inside a record", `{"Records":[` + one + "," + two[:100], 1, 0, true, false},
		{"cut between records", `{"Records":[` + one + ",", 1, 0, true, false},
		{"garbage in the middle", `{"Records":[` + one + `,{"eventVersion":"1.11","x":}}},` + two + "," + three + "]}", 3, 1, false, false},
		{"a line that is none", one + "\nhello\n" + two, 2, 1, false, false},
		{"a record without time", `{"Records":[` + encode(t, record(1, tree{"eventTime": nil})) + "," + two + "]}", 1, 1, false, false},
		{"an object that is no record", `{"Records":[{"a":1},` + two + "]}", 1, 1, false, false},
		{"other JSON", `{"a":{"b":[1,2]}}`, 0, 0, false, true},
		{"text", "hello\nworld\n", 0, 0, false, true},
		{"a table of something else", "a,b,c\n1,2,3\n", 0, 0, false, true},
		{"empty", "", 0, 0, false, false},
		{"no records", `{"Records":[]}`, 0, 0, false, false},
		{"nested too deep", `{"Records":[{"eventVersion":"1","x":` + strings.Repeat("[", 500) + "\n" + two, 1, 1, true, false},
	} {
		_, res := events(t, "x.json", c.text)
		if res.Entries != c.entries || (res.Broken > 0) != (c.broken > 0) || (res.Truncated != "") != c.truncated || (res.Err != nil) != c.failed {
			t.Errorf("%s: %+v", c.name, res)
		}
	}
}

func spoilable(t testing.TB) [][]byte {
	one, two := encode(t, record(1, nil)), encode(t, record(2, tree{"requestParameters": tree{"instancesSet": tree{"items": []any{tree{"instanceId": "i-\u00e4\"\\"}}}}}))
	return [][]byte{[]byte(`{"Records":[` + one + "," + two + "]}"), []byte(one + "\n" + two), []byte(encode(t, tree{"Events": []any{tree{"CloudTrailEvent": one}}})),
		[]byte(`{"QueryResultRows":[[{"eventID":"1"},{"eventName":"x"},{"userIdentity":"{type=Root, arn=x}"}]]}`), []byte("eventid,eventtime,eventsource,eventname\n1,2026-11-20T10:00:00Z,s3.amazonaws.com,X\n")}
}

func TestSpoiltFilesNeverPanic(t *testing.T) {
	t.Parallel()
	mangle.Each(5, 10_000, spoilable(t), func(b []byte) { events(t, "x", string(b)) })
}

func FuzzRead(f *testing.F) {
	for _, b := range spoilable(f) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		list, res := events(t, "x", string(b))
		if res.Entries != int64(len(list)) {
			t.Errorf("%d events, %+v", len(list), res)
		}
		for _, e := range list {
			if e.Action == "" || e.Service == "" || e.Time.IsZero() || len(e.Resources) > 16 {
				t.Errorf("%+v", e)
			}
		}
	})
}
