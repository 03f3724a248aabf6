package residual_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/trail/residual"
)

// flow is a line of a flow log; a status of NODATA has no addresses.
func flow(hours float64, face, from, to string, port int, action string) string {
	at := since().Add(time.Duration(hours * float64(time.Hour))).Unix()
	if action == "NODATA" {
		return fmt.Sprintf("2 %s %s - - - - - - - %d %d - NODATA\n", account, face, at, at+60)
	}
	return fmt.Sprintf("2 %s %s %s %s 40000 %d 6 10 2000 %d %d %s OK\n", account, face, from, to, port, at, at+60, action)
}

func flowFile(lines ...string) []byte {
	return []byte("version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n" + strings.Join(lines, ""))
}

// quiet are records without data for each hour.
func quiet(face string) string {
	var b strings.Builder
	for h := -4; h < 30; h++ {
		b.WriteString(flow(float64(h), face, "", "", 0, "NODATA"))
	}
	return b.String()
}

// network is an inventory of an instance, a database and a balancer with an
// interface each.
func network() inventory.Inventory {
	ec2, rds := "arn:aws:ec2:eu-west-1:"+account+":", "arn:aws:rds:eu-west-1:"+account+":"
	face := func(id, address, about string, attached map[string]any) inventory.Resource {
		return inventory.Resource{ID: resourceID(ec2 + "network-interface/" + id), Kind: "AWS::EC2::NetworkInterface", Name: id, Account: account, Region: "eu-west-1", Aliases: []string{address},
			Properties: inventory.Properties{"PrivateIpAddress": address, "Description": about, "SubnetId": "subnet-1", "GroupSet": []any{"sg-1"}}, Attributes: attached}
	}
	return inventory.Inventory{Resources: []inventory.Resource{
		{ID: resourceID(ec2 + "instance/i-0abc"), Kind: "AWS::EC2::Instance", Name: "app", Account: account, Region: "eu-west-1", Aliases: []string{"i-0abc"}},
		{ID: resourceID(ec2 + "security-group/sg-1"), Kind: "AWS::EC2::SecurityGroup", Name: "sg", Account: account, Region: "eu-west-1"},
		face("eni-a", "10.0.0.5", "", map[string]any{"Attachment": map[string]any{"InstanceId": "i-0abc"}}),
		face("eni-b", "10.0.0.9", "ELB app/shop/50dc6c495c0c9188", nil),
		{ID: resourceID("arn:aws:elasticloadbalancing:eu-west-1:" + account + ":loadbalancer/app/shop/50dc6c495c0c9188"), Kind: "AWS::ElasticLoadBalancingV2::LoadBalancer", Name: "shop", Account: account, Region: "eu-west-1"},
		{ID: resourceID(rds + "db:orders"), Kind: "AWS::RDS::DBInstance", Name: "orders", Account: account, Region: "eu-west-1", Aliases: []string{"orders.abc.eu-west-1.rds.amazonaws.com"}},
	}}
}

func TestConnectionsAreUse(t *testing.T) {
	t.Parallel()
	const instance, balancer = "arn:aws:ec2:eu-west-1:" + account + ":instance/i-0abc", "arn:aws:elasticloadbalancing:eu-west-1:" + account + ":loadbalancer/app/shop/50dc6c495c0c9188"
	for name, c := range map[string]struct {
		lines []string
		id    string
		want  residual.Status
		why   string
		rule  string
	}{
		"a client":               {[]string{quiet("eni-a"), flow(5, "eni-a", "10.9.9.9", "10.0.0.5", 443, "ACCEPT")}, instance, residual.Used, "1 use", ""},
		"only before":            {[]string{quiet("eni-a"), flow(-1, "eni-a", "10.9.9.9", "10.0.0.5", 443, "ACCEPT")}, instance, residual.Unused, "eni-a cover the window", ""},
		"turned away inside":     {[]string{quiet("eni-a"), flow(5, "eni-a", "10.9.9.9", "10.0.0.5", 443, "REJECT")}, instance, residual.Used, "somebody still wants it", ""},
		"turned away outside":    {[]string{quiet("eni-a"), flow(5, "eni-a", "203.0.113.9", "10.0.0.5", 22, "REJECT")}, instance, residual.Unused, "cover the window", "refused-from-outside"},
		"it calls out":           {[]string{quiet("eni-a"), flow(5, "eni-a", "10.0.0.5", "198.51.100.7", 443, "ACCEPT")}, instance, residual.Used, "1 use", ""},
		"it asks for names":      {[]string{quiet("eni-a"), flow(5, "eni-a", "10.0.0.5", "169.254.169.253", 53, "ACCEPT")}, instance, residual.Unused, "cover", "aws-network"},
		"the balancer's checks":  {[]string{quiet("eni-a"), flow(5, "eni-a", "10.0.0.9", "10.0.0.5", 443, "ACCEPT")}, instance, residual.Unobservable, "may run with it or ask for it", "from-balancer"},
		"an hour of few records": {[]string{flow(1, "eni-a", "10.0.0.5", "169.254.169.253", 53, "ACCEPT"), flow(29, "eni-a", "10.0.0.5", "169.254.169.253", 53, "ACCEPT")}, instance, residual.Unobservable, "is silent from", ""},
		"another interface":      {[]string{quiet("eni-z")}, instance, residual.Unobservable, "no flow log has records of its interface eni-a", ""},
		"a skipped hour": {[]string{quiet("eni-a"), strings.Replace(flow(3, "eni-a", "", "", 0, "NODATA"), "NODATA", "SKIPDATA", 1)}, instance, residual.Unobservable,
			"AWS skipped flow records of interface eni-a", ""},
		"a balancer":                   {[]string{quiet("eni-b"), flow(5, "eni-b", "203.0.113.9", "10.0.0.9", 443, "ACCEPT")}, balancer, residual.Used, "1 use", ""},
		"a security group":             {[]string{quiet("eni-b")}, "arn:aws:ec2:eu-west-1:" + account + ":security-group/sg-1", residual.Unobservable, "goes with what it serves", ""},
		"a database without interface": {[]string{quiet("eni-b")}, "arn:aws:rds:eu-west-1:" + account + ":db:orders", residual.Unobservable, "network interface is not known", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := look(t, named(map[string][]byte{"flow.log": flowFile(c.lines...)}), residual.Inputs{Inventory: network()}, residual.Options{})
			got := resourceOf(t, r, c.id)
			if got.Status != c.want || !strings.Contains(got.Why, c.why) {
				t.Errorf("%s: %s; want %s: %s", got.Status, got.Why, c.want, c.why)
			}
			told := slices.ContainsFunc(r.Rules, func(n residual.RuleCount) bool { return n.Name == c.rule && n.Events == 1 })
			if told != (c.rule != "") {
				t.Errorf("rules %+v", r.Rules)
			}
		})
	}
}

// Files alone, without an inventory: what the log names is what there is.
func TestFlowLogsAlone(t *testing.T) {
	t.Parallel()
	r := look(t, named(map[string][]byte{"flow.log": flowFile(quiet("eni-a"), quiet("eni-b"), flow(5, "eni-a", "10.9.9.9", "10.0.0.5", 5432, "ACCEPT"), flow(6, "eni-a", "10.9.9.8", "10.0.0.5", 5432, "ACCEPT"))}), residual.Inputs{}, residual.Options{})
	used, idle := resourceOf(t, r, "eni-a"), resourceOf(t, r, "eni-b")
	if used.Status != residual.Used || used.Events != 2 || len(used.By) != 2 || used.By[0].Address != "10.9.9.8" || !slices.Equal(used.By[0].Actions, []string{"flow:tcp/5432"}) {
		t.Errorf("%+v", used)
	}
	if idle.Status != residual.Unused || r.Total != 2 || r.After != 2 {
		t.Errorf("%+v, total %d, after %d", idle, r.Total, r.After)
	}
}

func TestRequestsAndNamesAreUse(t *testing.T) {
	t.Parallel()
	at := since().Add(5 * time.Hour)
	s3 := fmt.Sprintf(`owner covers [%s] 10.0.0.5 arn:aws:sts::%s:assumed-role/app/i-1 R REST.GET.OBJECT k "GET /k HTTP/1.1" 403 AccessDenied 300 300 12 8 "-" "curl" - H SigV4 T A covers.s3.amazonaws.com TLSv1.3 - -`,
		at.Format("02/Jan/2006:15:04:05 -0700"), account) + "\n"
	expired := strings.NewReplacer("REST.GET.OBJECT", "S3.EXPIRE.OBJECT", "arn:aws:sts::"+account+":assumed-role/app/i-1", "AmazonS3").Replace(s3)
	query := fmt.Sprintf(`{"version":"1.1","account_id":"%s","region":"eu-west-1","vpc_id":"vpc-1","query_timestamp":"%s","query_name":"orders.abc.eu-west-1.rds.amazonaws.com.","query_type":"A","query_class":"IN","rcode":"NOERROR","srcaddr":"10.0.0.5","srcport":"4000","transport":"UDP","srcids":{"instance":"i-0abc"}}`,
		account, at.Format(time.RFC3339)) + "\n"
	files := map[string][]byte{"s3.log": []byte(s3 + expired), "dns.log": []byte(query)}

	alone := look(t, named(files), residual.Inputs{}, residual.Options{})
	got := resourceOf(t, alone, bucket)
	if got.Status != residual.Used || got.Denied != 1 || got.Apart != 1 || got.By[0].Principal != "arn:aws:iam::"+account+":role/app" || got.By[0].Session != "i-1" {
		t.Errorf("%+v", got)
	}
	if got := resourceOf(t, alone, "orders"); got.Kind != "AWS::RDS::DBInstance" || got.Status != residual.Used || got.By[0].Session != "i-0abc" {
		t.Errorf("%+v", got)
	}
	known := look(t, named(files), residual.Inputs{Inventory: network()}, residual.Options{})
	if got := resourceOf(t, known, "arn:aws:rds:eu-west-1:"+account+":db:orders"); got.Events != 1 || got.By[0].Component != "arn:aws:ec2:eu-west-1:"+account+":instance/i-0abc" {
		t.Errorf("%+v", got)
	}
	if alone.Total != 3 || alone.After != 3 || alone.Used != 2 || alone.Apart != 1 || len(alone.Logs) != 2 {
		t.Errorf("%+v", alone.Logs)
	}
}

// What the trails of the inventory select decides what silence means.
func TestTheTrailsSelectorsDecide(t *testing.T) {
	t.Parallel()
	with := func(properties inventory.Properties) residual.Inputs {
		return residual.Inputs{Inventory: inventory.Inventory{Resources: []inventory.Resource{
			{ID: "arn:aws:cloudtrail:eu-west-1:" + account + ":trail/main", Kind: "AWS::CloudTrail::Trail", Name: "main", Account: account, Region: "eu-west-1", Properties: properties},
			{ID: "arn:aws:kms:eu-west-1:" + account + ":key/1", Kind: "AWS::KMS::Key", Name: "1", Account: account, Region: "eu-west-1"},
			{ID: bucket, Kind: "AWS::S3::Bucket", Name: "covers", Account: account, Region: "eu-west-1"}}}, Graph: graph.Graph{}}
	}
	selector := func(m map[string]any) []any { return []any{m} }
	object := func(values ...any) []any {
		return selector(map[string]any{"Type": "AWS::S3::Object", "Values": values})
	}
	field := func(name string, op string, values ...any) map[string]any {
		return map[string]any{"Field": name, op: values}
	}
	for name, c := range map[string]struct {
		properties  inventory.Properties
		bucket, key residual.Status
	}{
		"management only":      {nil, residual.Unobservable, residual.Unused},
		"all buckets":          {inventory.Properties{"EventSelectors": selector(map[string]any{"DataResources": object("arn:aws:s3")})}, residual.Unused, residual.Unused},
		"this bucket":          {inventory.Properties{"EventSelectors": selector(map[string]any{"DataResources": object("arn:aws:s3:::covers/")})}, residual.Unused, residual.Unused},
		"a part of it":         {inventory.Properties{"EventSelectors": selector(map[string]any{"DataResources": object("arn:aws:s3:::covers/in/")})}, residual.Unobservable, residual.Unused},
		"another one":          {inventory.Properties{"EventSelectors": selector(map[string]any{"DataResources": object("arn:aws:s3:::coversheets/")})}, residual.Unobservable, residual.Unused},
		"writing only":         {inventory.Properties{"EventSelectors": selector(map[string]any{"ReadWriteType": "WriteOnly", "DataResources": object("arn:aws:s3")})}, residual.Unobservable, residual.Unobservable},
		"without keys":         {inventory.Properties{"EventSelectors": selector(map[string]any{"ExcludeManagementEventSources": []any{"kms.amazonaws.com"}})}, residual.Unobservable, residual.Unobservable},
		"switched off":         {inventory.Properties{"IsLogging": false, "EventSelectors": selector(map[string]any{"DataResources": object("arn:aws:s3")})}, residual.Unobservable, residual.Unused},
		"advanced":             {inventory.Properties{"AdvancedEventSelectors": []any{map[string]any{"FieldSelectors": []any{field("eventCategory", "Equals", "Data"), field("resources.type", "Equals", "AWS::S3::Object")}}, map[string]any{"FieldSelectors": []any{field("eventCategory", "Equals", "Management")}}}}, residual.Unused, residual.Unused},
		"advanced, data alone": {inventory.Properties{"AdvancedEventSelectors": []any{map[string]any{"FieldSelectors": []any{field("eventCategory", "Equals", "Data"), field("resources.type", "Equals", "AWS::S3::Object")}}}}, residual.Unobservable, residual.Unobservable},
		"advanced, some names": {inventory.Properties{"AdvancedEventSelectors": []any{map[string]any{"FieldSelectors": []any{field("eventCategory", "Equals", "Data"), field("resources.type", "Equals", "AWS::S3::Object"), field("eventName", "Equals", "PutObject")}}, map[string]any{"FieldSelectors": []any{field("eventCategory", "Equals", "Management")}}}}, residual.Unobservable, residual.Unused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := look(t, trailOf(), with(c.properties), residual.Options{})
			if got := resourceOf(t, r, bucket); got.Status != c.bucket {
				t.Errorf("bucket %s: %s", got.Status, got.Why)
			}
			if got := resourceOf(t, r, "arn:aws:kms:eu-west-1:"+account+":key/1"); got.Status != c.key {
				t.Errorf("key %s: %s", got.Status, got.Why)
			}
		})
	}
}

// Whatever the encoding, the same is read.
func TestEncodingsChangeNothing(t *testing.T) {
	t.Parallel()
	plain := file(0, append(pulse(), call{hours: 5, source: "secretsmanager", name: "GetSecretValue", principal: "app", read: true, request: map[string]any{"secretId": secret}})...)
	var wide []byte
	for _, u := range utf16.Encode([]rune("\ufeff" + string(plain))) {
		wide = append(wide, byte(u), byte(u>>8))
	}
	want := look(t, named(map[string][]byte{"a": plain}), residual.Inputs{}, residual.Options{})
	for name, content := range map[string][]byte{"gzip": zipped(plain), "UTF-16": wide, "UTF-16 in gzip": zipped(wide), "a byte order mark": append([]byte("\ufeff"), plain...)} {
		if got := look(t, named(map[string][]byte{"a": content}), residual.Inputs{}, residual.Options{}); asJSON(t, sameInputs(got)) != asJSON(t, sameInputs(want)) {
			t.Errorf("%s: %s", name, asJSON(t, got))
		}
	}
}
