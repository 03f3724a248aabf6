package residual_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/records"
	"example.com/landfall/internal/trail"
	"example.com/landfall/internal/trail/residual"
)

const account = "123456789012"

// since is the cutover of all tests; the logs reach from two days before to two
// days after it.
func since() time.Time { return time.Date(2026, 5, 3, 22, 0, 0, 0, time.UTC) }

// memory finds files that are in memory.
type memory struct{ files []records.File }

func (m memory) Find(context.Context, inventory.Inventory, trail.Window, trail.Sink) ([]trail.Logs, error) {
	return []trail.Logs{{Files: m.files}}, nil
}

func named(files map[string][]byte) memory {
	var m memory
	for name, content := range files {
		m.files = append(m.files, records.Bytes(name, content))
	}
	slices.SortFunc(m.files, func(a, b records.File) int { return strings.Compare(a.Name, b.Name) })
	return m
}

// deaf is a sink for those who look at the report.
type deaf struct{}

func (deaf) Unread(inventory.Unread)   {}
func (deaf) Refused(inventory.Refused) {}
func (deaf) Input(string, string)      {}
func (deaf) Planned(int64)             {}
func (deaf) Done(int64)                {}

func look(t *testing.T, f trail.Finder, in residual.Inputs, o residual.Options) residual.Report {
	t.Helper()
	if o.Since.IsZero() {
		o.Since = since()
	}
	r, err := residual.Read(t.Context(), f, in, o, deaf{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func resourceOf(t *testing.T, r residual.Report, id string) residual.Resource {
	t.Helper()
	for _, one := range r.ByResource {
		if one.ID == id {
			return one
		}
	}
	t.Fatalf("%q is not among %+v", id, r.ByResource)
	return residual.Resource{}
}

// call is one CloudTrail record in short.
type call struct {
	hours                   float64 // from the cutover
	source, name, principal string
	request                 map[string]any
	response                map[string]any
	arns                    []string
	read, data              bool
	code, agent, address    string
	invokedBy, identity     string
	region, id              string
}

func (c call) record(n int) map[string]any {
	who := map[string]any{"type": "AssumedRole", "accountId": account, "arn": "arn:aws:sts::" + account + ":assumed-role/" + c.principal + "/i-0abc",
		"sessionContext": map[string]any{"sessionIssuer": map[string]any{"type": "Role", "arn": "arn:aws:iam::" + account + ":role/" + c.principal}}}
	if c.identity == "AWSService" {
		who = map[string]any{"type": "AWSService"}
	}
	if c.invokedBy != "" {
		who["invokedBy"] = c.invokedBy
	}
	text := func(s, other string) string {
		if s == "" {
			return other
		}
		return s
	}
	e := map[string]any{"eventVersion": "1.11", "userIdentity": who, "eventTime": since().Add(time.Duration(c.hours * float64(time.Hour))).Format(time.RFC3339), "eventSource": c.source + ".amazonaws.com",
		"eventName": c.name, "awsRegion": text(c.region, "eu-west-1"), "sourceIPAddress": text(c.address, "10.0.0.5"), "userAgent": text(c.agent, "boto3"), "requestParameters": c.request,
		"responseElements": c.response, "eventID": text(c.id, fmt.Sprintf("%08x-0000-4000-8000-000000000000", n)), "readOnly": c.read, "managementEvent": !c.data, "recipientAccountId": account,
		"eventType": "AwsApiCall", "eventCategory": map[bool]string{true: "Data", false: "Management"}[c.data]}
	if c.code != "" {
		e["errorCode"] = c.code
	}
	if c.arns != nil {
		var list []any
		for _, arn := range c.arns {
			list = append(list, map[string]any{"ARN": arn})
		}
		e["resources"] = list
	}
	return e
}

// pulse is a call every three hours, so that the log is nowhere silent.
func pulse() []call {
	var list []call
	for h := -48.0; h <= 48; h += 3 {
		list = append(list, call{hours: h, source: "ec2", name: "DescribeInstances", principal: "monitor", read: true})
	}
	return list
}

// file is a CloudTrail file of calls; their numbers begin at first.
func file(first int, calls ...call) []byte {
	list := []any{}
	for i, c := range calls {
		list = append(list, c.record(first+i))
	}
	b, err := json.Marshal(map[string]any{"Records": list})
	if err != nil {
		panic(err)
	}
	return b
}

func trailOf(calls ...call) memory {
	return named(map[string][]byte{"trail.json": file(0, append(pulse(), calls...)...)})
}

func zipped(b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write(b)
	_ = w.Close()
	return out.Bytes()
}

const (
	secret = "arn:aws:secretsmanager:eu-west-1:" + account + ":secret:shop-AbCdEf"
	bucket = "arn:aws:s3:::covers"
)

func TestTheStatusOfAResource(t *testing.T) {
	t.Parallel()
	get := call{source: "secretsmanager", name: "GetSecretValue", principal: "app", read: true, request: map[string]any{"secretId": secret}}
	object := call{source: "s3", name: "GetObject", principal: "app", read: true, data: true, arns: []string{bucket + "/k", bucket}}
	at := func(c call, hours float64) call { c.hours = hours; return c }
	with := func(c call, change func(*call)) call { change(&c); return c }
	for name, c := range map[string]struct {
		calls []call
		id    string
		want  residual.Status
		why   string
	}{
		"used":                   {[]call{at(get, 5)}, secret, residual.Used, "1 use"},
		"at the cutover itself":  {[]call{at(get, 0)}, secret, residual.Used, "1 use"},
		"only before":            {[]call{at(get, -5)}, secret, residual.Unused, "eu-west-1 of account 123456789012 covers the window"},
		"denied is wanted":       {[]call{at(with(get, func(c *call) { c.code = "AccessDenied" }), 5)}, secret, residual.Used, "somebody still wants it"},
		"data before":            {[]call{at(object, -5)}, bucket, residual.Unused, "earlier data events"},
		"no data events at all":  {[]call{{hours: -5, source: "s3", name: "PutBucketTagging", principal: "ops", request: map[string]any{"bucketName": "covers"}}}, bucket, residual.Unobservable, "no data event"},
		"only writing is logged": {[]call{at(with(object, func(c *call) { c.read, c.name = false, "PutObject" }), -5)}, bucket, residual.Unobservable, "it may be read"},
		"a database without flow logs": {[]call{{hours: -5, source: "rds", name: "ModifyDBInstance", principal: "ops", request: map[string]any{"dBInstanceIdentifier": "orders"}}}, "orders",
			residual.Unobservable, "no flow logs were read"},
		"AWS itself":          {[]call{at(with(get, func(c *call) { c.identity, c.invokedBy = "AWSService", "backup.amazonaws.com" }), 5)}, secret, residual.Unused, "covers"},
		"a linked role":       {[]call{at(with(get, func(c *call) { c.principal = "aws-service-role/x.amazonaws.com/AWSServiceRoleForX" }), 5)}, secret, residual.Unused, "covers"},
		"AWS for upkeep":      {[]call{at(with(get, func(c *call) { c.invokedBy = "config.amazonaws.com" }), 5)}, secret, residual.Unused, "covers"},
		"a service for a man": {[]call{at(with(get, func(c *call) { c.invokedBy = "athena.amazonaws.com" }), 5)}, secret, residual.Used, "1 use"},
		"Landfall":            {[]call{at(with(get, func(c *call) { c.agent = "aws-sdk-go-v2/1.41.2 app/landfall" }), 5)}, secret, residual.Unused, "covers"},
		"an expected user":    {[]call{at(with(get, func(c *call) { c.principal = "auditor" }), 5)}, secret, residual.Unused, "covers"},
		"a role that Lambda takes": {[]call{{hours: 5, source: "sts", name: "AssumeRole", identity: "AWSService", invokedBy: "lambda.amazonaws.com",
			arns: []string{"arn:aws:iam::" + account + ":role/fn"}}}, "arn:aws:iam::" + account + ":role/fn", residual.Unobservable, "lambda.amazonaws.com may run with it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := look(t, trailOf(c.calls...), residual.Inputs{}, residual.Options{Expect: []residual.Rule{{Name: "audit", Principal: "*:role/auditor"}}})
			got := resourceOf(t, r, c.id)
			if got.Status != c.want || !strings.Contains(got.Why, c.why) {
				t.Errorf("%s: %q, want %s: %q", got.Status, got.Why, c.want, c.why)
			}
			if got.Status == residual.Used != (got.Events > 0) {
				t.Errorf("%d events", got.Events)
			}
		})
	}
}

func TestWhoUsesItIsNamed(t *testing.T) {
	t.Parallel()
	get := call{hours: 5, source: "secretsmanager", name: "GetSecretValue", principal: "app", read: true, request: map[string]any{"secretId": secret}, address: "10.0.0.7", agent: "java"}
	put, not := get, get
	put.name, put.read, not.code = "PutSecretValue", false, "AccessDenied"
	twice := get
	twice.id = "11111111-0000-4000-8000-000000000000"
	r := look(t, trailOf(get, put, not, twice, twice), residual.Inputs{}, residual.Options{})
	got := resourceOf(t, r, secret)
	if got.Events != 4 || got.Reads != 2 || got.Writes != 1 || got.Denied != 1 || r.Duplicates != 1 {
		t.Errorf("%+v, %d duplicates", got, r.Duplicates)
	}
	role := "arn:aws:iam::" + account + ":role/app"
	if len(got.By) != 1 || got.By[0].Principal != role || got.By[0].Session != "i-0abc" || got.By[0].Address != "10.0.0.7" || got.By[0].Agent != "java" ||
		!slices.Equal(got.By[0].Actions, []string{"secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"}) {
		t.Errorf("by %+v", got.By)
	}
	i := slices.IndexFunc(r.ByPrincipal, func(p residual.Principal) bool { return p.Principal == role })
	if i < 0 || r.ByPrincipal[i].Events != 4 || r.ByPrincipal[i].Denied != 1 {
		t.Errorf("principals %+v", r.ByPrincipal)
	}
	if r.Total != int64(len(pulse()))+4 || r.After != 17+4 || r.Used != r.After || r.Apart != 0 {
		t.Errorf("total %d, after %d, used %d, apart %d", r.Total, r.After, r.Used, r.Apart)
	}
}

func TestANameAndAnARNAreOneResource(t *testing.T) {
	t.Parallel()
	table := "arn:aws:dynamodb:eu-west-1:" + account + ":table/sessions"
	r := look(t, trailOf(
		call{hours: 1, source: "dynamodb", name: "UpdateTable", principal: "ops", request: map[string]any{"tableName": "sessions"}},
		call{hours: 2, source: "dynamodb", name: "GetItem", principal: "app", read: true, data: true, arns: []string{table}}), residual.Inputs{}, residual.Options{})
	if got := resourceOf(t, r, table); got.Events != 2 || len(r.ByResource) != 1 {
		t.Errorf("%+v", r.ByResource)
	}
}

func TestAGapIsNotSilence(t *testing.T) {
	t.Parallel()
	before := call{hours: -5, source: "secretsmanager", name: "GetSecretValue", principal: "app", read: true, request: map[string]any{"secretId": secret}}
	holey := []call{before}
	for _, c := range pulse() {
		if c.hours < 10 || c.hours > 30 {
			holey = append(holey, c)
		}
	}
	whole := file(0, append(pulse(), before)...)
	stamped := account + "_CloudTrail_eu-west-1_20260504T0100Z_x.json.gz"
	for name, c := range map[string]struct {
		files map[string][]byte
		want  string
	}{
		"a day is missing":         {map[string][]byte{"a.json": file(0, holey...)}, "silent from 2026-05-04 08:00 to 2026-05-05 07:00"},
		"a file is cut off":        {map[string][]byte{"a.json": whole, "b.json.gz": zipped(whole)[:200]}, "b.json.gz"},
		"a record is broken":       {map[string][]byte{"a.json": whole, "b.json": append(file(900, before)[:40], []byte("\n{\"eventVersion\"")...)}, "b.json"},
		"one of before the switch": {map[string][]byte{"a.json": whole, strings.Replace(stamped, "0504", "0501", 1): zipped(whole)[:200]}, ""},
		"one of the window":        {map[string][]byte{"a.json": whole, stamped: zipped(whole)[:200]}, "in part only"},
		"one of another region":    {map[string][]byte{"a.json": whole, strings.Replace(stamped, "eu-west-1", "eu-west-2", 1): zipped(whole)[:200]}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := look(t, named(c.files), residual.Inputs{}, residual.Options{})
			got := resourceOf(t, r, secret)
			if (got.Status == residual.Unused) != (c.want == "") || !strings.Contains(got.Why, c.want) {
				t.Errorf("%s: %s", got.Status, got.Why)
			}
			if name != "a day is missing" && len(r.Refused) == 0 {
				t.Error("nothing is named")
			}
		})
	}
}

func TestWhatWasCreatedSinceIsLeftOver(t *testing.T) {
	t.Parallel()
	run := call{hours: 1, source: "ec2", name: "RunInstances", principal: "ops", response: map[string]any{"instancesSet": map[string]any{"items": []any{
		map[string]any{"instanceId": "i-1", "imageId": "ami-1", "iamInstanceProfile": map[string]any{"arn": "arn:aws:iam::1:instance-profile/x"}, "subnetId": "subnet-1"}, map[string]any{"instanceId": "i-2"}}}}}
	end := call{hours: 2, source: "ec2", name: "TerminateInstances", principal: "ops", request: map[string]any{"instancesSet": map[string]any{"items": []any{map[string]any{"instanceId": "i-2"}}}}}
	db := call{hours: 3, source: "rds", name: "CreateDBInstance", principal: "ops", request: map[string]any{"dBInstanceIdentifier": "orders"},
		response: map[string]any{"dBInstanceIdentifier": "orders", "dBInstanceArn": "arn:aws:rds:eu-west-1:" + account + ":db:orders"}}
	gone := call{hours: 4, source: "rds", name: "DeleteDBInstance", principal: "ops", request: map[string]any{"dBInstanceIdentifier": "orders"}}
	failed := call{hours: 5, source: "s3", name: "CreateBucket", principal: "ops", request: map[string]any{"bucketName": "taken"}, code: "BucketAlreadyExists"}
	made := call{hours: 6, source: "s3", name: "CreateBucket", principal: "ops", request: map[string]any{"bucketName": "fresh"}}
	early := call{hours: -6, source: "s3", name: "CreateBucket", principal: "ops", request: map[string]any{"bucketName": "old"}}
	tagged := call{hours: 7, source: "ec2", name: "CreateTags", principal: "ops", request: map[string]any{"resourcesSet": map[string]any{"items": []any{map[string]any{"resourceId": "i-1"}}}}}
	again := db
	again.hours = 8
	for name, c := range map[string]struct {
		calls []call
		want  []string
	}{
		"one of two instances stays": {[]call{run, end, tagged}, []string{"i-1"}},
		"a database is gone":         {[]call{db, gone}, nil},
		"and made again":             {[]call{db, gone, again}, []string{"arn:aws:rds:eu-west-1:" + account + ":db:orders"}},
		"buckets":                    {[]call{failed, made, early}, []string{"arn:aws:s3:::fresh"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, l := range look(t, trailOf(c.calls...), residual.Inputs{}, residual.Options{}).Leftover {
				got = append(got, l.ID)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

// A newer scan decides what is still there.
func TestANewerScanKnowsWhatIsGone(t *testing.T) {
	t.Parallel()
	make := func(name string) call {
		return call{hours: 1, source: "s3", name: "CreateBucket", principal: "ops", request: map[string]any{"bucketName": name}}
	}
	inv := inventory.Inventory{Resources: []inventory.Resource{{ID: "arn:aws:s3:::kept", Kind: "AWS::S3::Bucket", Name: "kept", Account: account, Region: "eu-west-1"}}}
	r := look(t, trailOf(make("kept"), make("lost")), residual.Inputs{Inventory: inv}, residual.Options{Scanned: since().Add(24 * time.Hour)})
	if len(r.Leftover) != 1 || r.Leftover[0].ID != "arn:aws:s3:::kept" || !r.Leftover[0].Seen || !slices.ContainsFunc(r.Notes, func(n string) bool { return strings.Contains(n, "1 things that were created are not") }) {
		t.Errorf("%+v, %q", r.Leftover, r.Notes)
	}
	r = look(t, trailOf(make("kept"), make("lost")), residual.Inputs{Inventory: inv, Graph: graph.Graph{}}, residual.Options{Scanned: since()})
	if len(r.Leftover) != 2 || r.Leftover[0].Seen {
		t.Errorf("%+v", r.Leftover)
	}
}

// A gate asks about the workload alone, and not about what has no use of its own.
func TestWhatIsOpen(t *testing.T) {
	t.Parallel()
	of := func(boundary string, s residual.Status, follows bool) residual.Resource {
		return residual.Resource{Boundary: boundary, Status: s, Follows: follows}
	}
	for name, c := range map[string]struct {
		list      []residual.Resource
		open, all int
	}{
		"nothing":         {nil, 0, 0},
		"without a graph": {[]residual.Resource{of("", residual.Used, false), of("", residual.Unused, false), of("", residual.Unobservable, false)}, 2, 3},
		"with one":        {[]residual.Resource{of("in", residual.Unused, false), of("out", residual.Used, false), of("shared", residual.Used, false), of("", residual.Used, false)}, 0, 1},
		"followers":       {[]residual.Resource{of("in", residual.Unobservable, true), of("in", residual.Used, true)}, 1, 1},
	} {
		r := residual.Report{ByResource: c.list}
		if open, all := r.Open(); open != c.open || all != c.all {
			t.Errorf("%s: %d of %d, want %d of %d", name, open, all, c.open, c.all)
		}
	}
}

func TestRulesAreRead(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"name=audit,principal=*:role/auditor": "audit|principal=*:role/auditor",
		"address=203.0.113.0/24":              "address=203.0.113.0/24|address=203.0.113.0/24",
		"session=x, action=s3:*":              "session=x, action=s3:*|session=x,action=s3:*",
	} {
		r, err := residual.ParseRule(text)
		if got := r.Name + "|" + r.String(); err != nil || got != want {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "name=x", "everything", "who=x", "principal=", "address=203.0.113.0/99", "principal=x,"} {
		if _, err := residual.ParseRule(text); !fault.Is(err, fault.Usage) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestAWrongWindowIsRefused(t *testing.T) {
	t.Parallel()
	for _, o := range []residual.Options{{}, {Since: since(), Until: since()}} {
		if _, err := residual.Read(t.Context(), named(nil), residual.Inputs{}, o, deaf{}); !fault.Is(err, fault.Usage) {
			t.Errorf("%+v: %v", o, err)
		}
	}
}
