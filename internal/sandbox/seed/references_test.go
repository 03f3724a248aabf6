package seed_test

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	acmtypes "github.com/aws/aws-sdk-go-v2/service/acm/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	trailtypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	r53types "github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"

	"example.com/landfall/internal/sandbox/seed"
	"example.com/landfall/internal/sandbox/seed/history"
)

// userData is the cloud-init document of the shop's launch template.
func userData(t *testing.T, r run) string {
	t.Helper()
	versions := answer(t, ec2.NewFromConfig(r.cfg).DescribeLaunchTemplateVersions, &ec2.DescribeLaunchTemplateVersionsInput{LaunchTemplateName: aws.String("bookshop-app")}).LaunchTemplateVersions
	text, err := base64.StdEncoding.DecodeString(aws.ToString(versions[0].LaunchTemplateData.UserData))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// readable is everything text-like that anyone with read access gets to see.
func readable(t *testing.T, r run) map[string]string {
	t.Helper()
	m := map[string]string{"user data": userData(t, r)}
	for name, v := range map[string]any{
		"functions":  answer(t, lambda.NewFromConfig(r.cfg).ListFunctions, &lambda.ListFunctionsInput{}).Functions,
		"databases":  answer(t, rds.NewFromConfig(r.cfg).DescribeDBInstances, &rds.DescribeDBInstancesInput{}).DBInstances,
		"parameters": answer(t, ssm.NewFromConfig(r.cfg).GetParametersByPath, &ssm.GetParametersByPathInput{Path: aws.String("/"), Recursive: aws.Bool(true), WithDecryption: aws.Bool(true)}).Parameters,
		"events":     lookUp(t, r, "", ""),
	} {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		m[name] = string(text)
	}
	return m
}

// references: what one resource says of another is the other's own name.
func references(t *testing.T, r run) {
	shop := r.sum.Bookshop
	balancer := elb.NewFromConfig(r.cfg)
	for name, group := range shop.TargetGroups {
		var targets []string
		for _, h := range answer(t, balancer.DescribeTargetHealth, &elb.DescribeTargetHealthInput{TargetGroupArn: &group}).TargetHealthDescriptions {
			targets = append(targets, aws.ToString(h.Target.Id))
		}
		slices.Sort(targets)
		want := slices.Sorted(slices.Values(shop.Instances))
		if !slices.Equal(targets, want) || len(want) != 2 {
			t.Errorf("targets of %s: %v, want the group's instances %v", name, targets, want)
		}
	}
	for _, l := range answer(t, balancer.DescribeListeners, &elb.DescribeListenersInput{LoadBalancerArn: &shop.BalancerARN}).Listeners {
		if aws.ToInt32(l.Port) == 443 && (len(l.Certificates) != 1 || !strings.Contains(aws.ToString(l.Certificates[0].CertificateArn), ":certificate/")) {
			t.Errorf("certificates of the listener: %v", l.Certificates)
		}
	}
	for _, c := range answer(t, acm.NewFromConfig(r.cfg).ListCertificates, &acm.ListCertificatesInput{}).CertificateSummaryList {
		status := answer(t, acm.NewFromConfig(r.cfg).DescribeCertificate, &acm.DescribeCertificateInput{CertificateArn: c.CertificateArn}).Certificate.Status
		if status != acmtypes.CertificateStatusIssued {
			t.Errorf("the certificate of %s is %s: it would change by itself later", aws.ToString(c.DomainName), status)
		}
	}
	acl := answer(t, wafv2.NewFromConfig(r.cfg).GetWebACLForResource, &wafv2.GetWebACLForResourceInput{ResourceArn: &shop.BalancerARN}).WebACL
	if acl == nil || aws.ToString(acl.ARN) != shop.WebACL {
		t.Errorf("web ACL of the balancer: %v", acl)
	}
	records(t, r)
	queue := answer(t, sqs.NewFromConfig(r.cfg).GetQueueAttributes, &sqs.GetQueueAttributesInput{QueueUrl: &shop.QueueURL, AttributeNames: []sqstypes.QueueAttributeName{"All"}}).Attributes
	if !strings.Contains(queue["RedrivePolicy"], ":bookshop-orders-dlq") || !strings.Contains(queue["Policy"], "bookshop-instance") {
		t.Errorf("attributes of the order queue: %v", queue)
	}
	for _, f := range answer(t, lambda.NewFromConfig(r.cfg).ListFunctions, &lambda.ListFunctionsInput{}).Functions {
		for name, value := range f.Environment.Variables {
			if (strings.HasPrefix(value, "arn:") || strings.HasPrefix(value, "http")) && !known(r, value) {
				t.Errorf("%s has %s=%s, which is nothing that was made", aws.ToString(f.FunctionName), name, value)
			}
		}
	}
	document := userData(t, r)
	for _, want := range []string{shop.DatabaseSecret, shop.DatabaseEndpoint, "BOOKSHOP_QUEUE=sqs://" + shop.QueueURL[strings.Index(shop.QueueURL, "://")+3:] + "\n", "s3://" + shop.Buckets["bookshop-covers"], shop.CacheEndpoint} {
		if want == "" || !strings.Contains(document, want) {
			t.Errorf("user data does not name %q:\n%s", want, document)
		}
	}
}

func known(r run, value string) bool {
	return slices.ContainsFunc(r.sum.Truth.Resources, func(one seed.Resource) bool { return one.ID == value })
}

// records: the shop's weighted records are there, and the one with weight leads to the balancer, static to the distribution.
func records(t *testing.T, r run) {
	t.Helper()
	shop := r.sum.Bookshop
	targets, weights := map[string]string{}, map[string]int64{}
	for _, set := range answer(t, route53.NewFromConfig(r.cfg).ListResourceRecordSets, &route53.ListResourceRecordSetsInput{HostedZoneId: &shop.Zone}).ResourceRecordSets {
		name := strings.TrimSuffix(aws.ToString(set.Name), ".")
		if set.AliasTarget != nil {
			targets[name] = strings.TrimSuffix(aws.ToString(set.AliasTarget.DNSName), ".")
		}
		if name == shop.ShopName && set.Type == r53types.RRTypeA && set.Weight != nil {
			weights[aws.ToString(set.SetIdentifier)] = *set.Weight
		}
	}
	if holding, ok := weights["holding"]; len(weights) != 2 || weights["aws"] != 100 || !ok || holding != 0 {
		t.Errorf("the shop's weighted records: %v", weights)
	}
	if targets[shop.ShopName] != shop.BalancerDNS || targets["static.bookshop.example"] != shop.DistributionDomain || shop.BalancerDNS == "" || shop.DistributionDomain == "" {
		t.Errorf("aliases: %v", targets)
	}
}

// boundary: what payroll shares with bookshop, and what only the flow logs tell.
func boundary(t *testing.T, r run) {
	shop, pay := r.sum.Bookshop, r.sum.Payroll
	key := "arn:aws:kms:us-east-1:123456789012:key/" + shop.Key
	for _, db := range answer(t, rds.NewFromConfig(r.cfg).DescribeDBInstances, &rds.DescribeDBInstancesInput{}).DBInstances {
		if aws.ToString(db.KmsKeyId) != key {
			t.Errorf("%s is encrypted with %q, want the shared key", aws.ToString(db.DBInstanceIdentifier), aws.ToString(db.KmsKeyId))
		}
	}
	policy := "arn:aws:iam::123456789012:policy/platform/data-key-use"
	var roles []string
	for _, role := range answer(t, iam.NewFromConfig(r.cfg).ListEntitiesForPolicy, &iam.ListEntitiesForPolicyInput{PolicyArn: &policy}).PolicyRoles {
		roles = append(roles, aws.ToString(role.RoleName))
	}
	slices.Sort(roles)
	if want := []string{"bookshop-function", "bookshop-instance", "payroll-function", "payroll-instance"}; !slices.Equal(roles, want) {
		t.Errorf("roles with the shared policy: %v", roles)
	}
	exports := answer(t, pathStyle(r.cfg).GetBucketPolicy, &s3.GetBucketPolicyInput{Bucket: aws.String(shop.Buckets["shared-exports"])})
	for _, role := range []string{"role/bookshop-instance", "role/payroll-instance"} {
		if !strings.Contains(aws.ToString(exports.Policy), role) {
			t.Errorf("the exports' policy does not name %s", role)
		}
	}
	for _, id := range []string{shop.Key, shop.NATGateways[0], shop.Buckets["shared-exports"], policy, shop.VPC} {
		if !slices.Contains(pay.Shared, id) {
			t.Errorf("shared resources %v lack %s", pay.Shared, id)
		}
	}
	if slices.Contains(pay.Shared, shop.NATGateways[1]) {
		t.Error("the second NAT gateway is not shared")
	}
	edges(t, r)
	strays(t, r)
}

func edges(t *testing.T, r run) {
	t.Helper()
	shop, pay := r.sum.Bookshop, r.sum.Payroll
	find := func(from, to string, accepted bool) *history.Edge {
		for i, e := range r.sum.Truth.History.Edges {
			if e.From == from && e.To == to && e.Accepted == accepted {
				return &r.sum.Truth.History.Edges[i]
			}
		}
		return nil
	}
	if e := find(r.sum.Strays.Instance, shop.Database, true); e == nil || e.Port != r.options.DatabasePort {
		t.Errorf("the report box does not read the shop's database: %+v", e)
	}
	if e := find(pay.Instance, pay.Database, true); e == nil || e.Port != 3306 {
		t.Errorf("payroll does not use its database: %+v", e)
	}
	if find(pay.Instance, shop.Database, true) != nil || find(pay.Instance, shop.Database, false) == nil {
		t.Error("payroll must be refused at the shop's database, and must have tried")
	}
	if e := find(pay.Instance, history.Amazon, true); e == nil || e.Via != shop.NATGateways[0] {
		t.Errorf("payroll does not go out through the shared NAT gateway: %+v", e)
	}
	for _, instance := range shop.Instances {
		if find(shop.BalancerARN, instance, true) == nil || find(instance, shop.Database, true) == nil || find(instance, "bookshop-cache", true) == nil {
			t.Errorf("instance %s lacks an edge", instance)
		}
	}
}

func strays(t *testing.T, r run) {
	t.Helper()
	c, lost := ec2.NewFromConfig(r.cfg), r.sum.Strays
	if v := answer(t, c.DescribeVolumes, &ec2.DescribeVolumesInput{VolumeIds: []string{lost.Volume}}).Volumes; len(v[0].Attachments) != 0 {
		t.Errorf("the orphan is attached: %v", v[0].Attachments)
	}
	if a := answer(t, c.DescribeAddresses, &ec2.DescribeAddressesInput{AllocationIds: []string{lost.Address}}).Addresses; aws.ToString(a[0].AssociationId) != "" {
		t.Errorf("the address is in use: %+v", a[0])
	}
	faces := answer(t, c.DescribeNetworkInterfaces, &ec2.DescribeNetworkInterfacesInput{Filters: []ec2types.Filter{{Name: aws.String("group-id"), Values: []string{lost.SecurityGroup}}}}).NetworkInterfaces
	if len(faces) != 0 {
		t.Errorf("%d interfaces use the group nobody uses", len(faces))
	}
}

// metrics: what was posted comes back from CloudWatch, percentiles included.
func metrics(t *testing.T, r run) {
	want := 0.0
	for _, d := range r.sum.Truth.History.Days {
		want += float64(d.Forwarded)
	}
	tail := r.sum.Bookshop.BalancerARN[strings.Index(r.sum.Bookshop.BalancerARN, "app/"):]
	query := func(id, name, stat string) cwtypes.MetricDataQuery {
		return cwtypes.MetricDataQuery{Id: &id, MetricStat: &cwtypes.MetricStat{Stat: &stat, Period: aws.Int32(300), Metric: &cwtypes.Metric{Namespace: aws.String("AWS/ApplicationELB"), MetricName: &name,
			Dimensions: []cwtypes.Dimension{{Name: aws.String("LoadBalancer"), Value: &tail}}}}}
	}
	out := answer(t, cloudwatch.NewFromConfig(r.cfg).GetMetricData, &cloudwatch.GetMetricDataInput{
		StartTime: aws.Time(r.options.Now.Add(-72 * time.Hour)), EndTime: aws.Time(r.options.Now),
		MetricDataQueries: []cwtypes.MetricDataQuery{query("requests", "RequestCount", "Sum"), query("p95", "TargetResponseTime", "p95")},
	})
	for _, result := range out.MetricDataResults {
		sum := 0.0
		for _, v := range result.Values {
			sum += v
		}
		switch aws.ToString(result.Id) {
		case "requests":
			if sum != want {
				t.Errorf("RequestCount adds up to %v, the access log to %v", sum, want)
			}
		case "p95":
			if mean := sum / float64(len(result.Values)); len(result.Values) < 500 || mean < 0.05 || mean > 1 {
				t.Errorf("%d values of p95 with mean %v", len(result.Values), mean)
			}
		}
	}
}

// lookUp asks CloudTrail for all events with an attribute.
func lookUp(t *testing.T, r run, key trailtypes.LookupAttributeKey, value string) []trailtypes.Event {
	t.Helper()
	in := &cloudtrail.LookupEventsInput{StartTime: aws.Time(r.options.Now.Add(-72 * time.Hour)), EndTime: aws.Time(time.Now().Add(time.Hour))}
	if key != "" {
		in.LookupAttributes = []trailtypes.LookupAttribute{{AttributeKey: key, AttributeValue: &value}}
	}
	var events []trailtypes.Event
	pages := cloudtrail.NewLookupEventsPaginator(cloudtrail.NewFromConfig(r.cfg), in)
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, page.Events...)
	}
	return events
}

// trail: the past is found by LookupEvents, as many events as the truth counts.
func trail(t *testing.T, r run) {
	want := 0
	for _, p := range r.sum.Truth.History.Principals {
		if p.Principal == "arn:aws:iam::123456789012:role/bookshop-monitor" {
			want = p.Management
		}
	}
	if got := len(lookUp(t, r, trailtypes.LookupAttributeKeyUsername, "metrics-poller")); got != want || want == 0 {
		t.Errorf("%d events of the poller, the truth says %d", got, want)
	}
}

// recorder: AWS Config is on.
func recorder(t *testing.T, r run) {
	status := answer(t, configservice.NewFromConfig(r.cfg).DescribeConfigurationRecorderStatus, &configservice.DescribeConfigurationRecorderStatusInput{}).ConfigurationRecordersStatus
	if len(status) != 1 || !status[0].Recording {
		t.Errorf("status of the recorder: %+v", status)
	}
}

func nodes(t *testing.T, r run) {
	var ids []string
	for _, n := range answer(t, ssm.NewFromConfig(r.cfg).DescribeInstanceInformation, &ssm.DescribeInstanceInformationInput{}).InstanceInformationList {
		ids = append(ids, aws.ToString(n.InstanceId))
	}
	for _, want := range append([]string{r.sum.Payroll.Instance, r.sum.Strays.Instance}, r.sum.Bookshop.Instances...) {
		if !slices.Contains(ids, want) {
			t.Errorf("Systems Manager knows %v, not %s", ids, want)
		}
	}
}
