package aws

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/records"
	"example.com/landfall/internal/trail"
)

// collect lists one place of a bucket: each day's prefix, or the whole folder
// when the window has no beginning. layout gives a day's prefix under base.
func (g *finding) collect(ctx context.Context, b *bucket, base string, layout func(time.Time) string, want func(string) bool) ([]records.File, error) {
	days := g.days()
	if days == nil {
		return b.list(ctx, base, want)
	}
	var files []records.File
	for _, day := range days {
		found, err := b.list(ctx, base+layout(day), want)
		files = append(files, found...)
		if err != nil {
			return files, err
		}
	}
	return files, nil
}

func slashed(day time.Time) string { return day.Format("2006/01/02/") }
func dashed(day time.Time) string  { return day.Format("2006-01-02") }
func hive(day time.Time) string    { return day.Format("year=2006/month=01/day=02/") }

// place is where logs of one setting lie.
type place struct {
	resource inventory.Resource
	bucket   string
	base     string
	layout   func(time.Time) string
	want     func(string) bool
	logs     trail.Logs
}

// gather lists a place; what cannot be listed is unread.
func (g *finding) gather(ctx context.Context, p place) (trail.Logs, bool) {
	r := p.resource
	b := g.bucket(ctx, p.bucket, r.Account, r.Region)
	away := b.away
	files, err := g.collect(ctx, b, p.base, p.layout, p.want)
	if err != nil {
		g.unread("s3:ListBucket", r.Account, r.Region, err, p.logs.Hides)
	}
	if n := b.away - away; n > 0 {
		g.to.Unread(inventory.Unread{Source: inventory.Live, Operation: "s3:GetObject", Account: r.Account, Region: r.Region,
			Reason: "refused: the objects are archived and have to be restored first", Hides: fmt.Sprintf("%s, in %d objects of s3://%s/%s", p.logs.Hides, n, p.bucket, p.base)})
	}
	p.logs.Files = files
	return p.logs, len(files) > 0
}

// flowLogs finds what the flow logs write (VPC user guide, "Flow log files").
func (g *finding) flowLogs(ctx context.Context) []trail.Logs {
	var list []trail.Logs
	for _, r := range g.live("AWS::EC2::FlowLog") {
		hides := "who talks to whom in " + cmp.Or(text(r.Properties, "ResourceId"), r.Name)
		if arn := text(r.Properties, "LogDestination"); text(r.Properties, "LogDestinationType") == "s3" || strings.Contains(arn, ":s3:::") {
			if logs, ok := g.gather(ctx, flowLogPlace(r, arn, hides)); ok {
				list = append(list, logs)
			}
			continue
		}
		if group := groupOf(r); group != "" {
			list = append(list, trail.Logs{Kind: trail.FlowLogs, Format: text(r.Properties, "LogFormat"), Hides: hides, Files: []records.File{g.group(r, group)}})
			continue
		}
		g.to.Unread(inventory.Unread{Source: inventory.Live, Operation: "find flow log", Account: r.Account, Region: r.Region,
			Reason: fmt.Sprintf("unsupported: destination %q", text(r.Properties, "LogDestinationType")), Hides: hides})
	}
	return list
}

func flowLogPlace(r inventory.Resource, arn, hides string) place {
	name, prefix := bucketOf(arn)
	id := cmp.Or(text(r.Properties, "Id"), tail(string(r.ID)))
	p := place{resource: r, bucket: name, layout: slashed, logs: trail.Logs{Kind: trail.FlowLogs, Hides: hides},
		base: under(prefix, fmt.Sprintf("AWSLogs/%s/vpcflowlogs/%s/", r.Account, r.Region)),
		// Several flow logs may share a folder; their files say whose they are.
		want: func(key string) bool { return strings.Contains(key, "_"+id+"_") || !strings.HasPrefix(id, "fl-") }}
	if yes(r.Properties, "DestinationOptions", "HiveCompatiblePartitions") {
		p.layout = hive
		p.base = under(prefix, fmt.Sprintf("AWSLogs/aws-account-id=%s/aws-service=vpcflowlogs/aws-region=%s/", r.Account, r.Region))
	}
	return p
}

// groupOf is the log group of a flow log.
func groupOf(r inventory.Resource) string {
	if name := text(r.Properties, "LogGroupName"); name != "" {
		return name
	}
	_, rest, ok := strings.Cut(text(r.Properties, "LogDestination"), ":log-group:")
	if !ok {
		return ""
	}
	return strings.TrimSuffix(rest, ":*")
}

func tail(id string) string {
	if i := strings.LastIndexAny(id, "/:"); i >= 0 {
		return id[i+1:]
	}
	return id
}

// balancers finds access logs of load balancers of all kinds.
func (g *finding) balancers(ctx context.Context) []trail.Logs {
	var places []place
	for _, r := range g.live("AWS::ElasticLoadBalancingV2::LoadBalancer") {
		a := attributes(r)
		if a["access_logs.s3.enabled"] == "true" {
			places = append(places, balancerPlace(r, a["access_logs.s3.bucket"], a["access_logs.s3.prefix"]))
		}
	}
	for _, r := range g.live("AWS::ElasticLoadBalancing::LoadBalancer") {
		if yes(r.Properties, "AccessLoggingPolicy", "Enabled") {
			places = append(places, balancerPlace(r, text(r.Properties, "AccessLoggingPolicy", "S3BucketName"), text(r.Properties, "AccessLoggingPolicy", "S3BucketPrefix")))
		}
	}
	return g.each(ctx, places)
}

// each lists every place once: several balancers may write to one.
func (g *finding) each(ctx context.Context, places []place) []trail.Logs {
	var list []trail.Logs
	seen := map[string]bool{}
	for _, p := range places {
		if at := p.bucket + "/" + p.base; p.bucket == "" || seen[at] {
			continue
		} else {
			seen[at] = true
		}
		if logs, ok := g.gather(ctx, p); ok {
			list = append(list, logs)
		}
	}
	return list
}

func balancerPlace(r inventory.Resource, bucket, prefix string) place {
	return place{resource: r, bucket: bucket, layout: slashed, base: under(prefix, fmt.Sprintf("AWSLogs/%s/elasticloadbalancing/%s/", r.Account, r.Region)),
		logs: trail.Logs{Kind: trail.AccessLog, Hides: "requests to load balancer " + r.Name}}
}

// attributes are those of a load balancer, by key.
func attributes(r inventory.Resource) map[string]string {
	m := map[string]string{}
	list, _ := r.Properties["LoadBalancerAttributes"].([]any)
	for _, one := range list {
		if pair, ok := one.(map[string]any); ok {
			key, _ := pair["Key"].(string)
			m[key] = strings.TrimSpace(fmt.Sprint(pair["Value"]))
		}
	}
	return m
}

// distributions finds standard logs of CloudFront. Their keys are the prefix,
// the distribution's id, and the hour (CloudFront developer guide).
func (g *finding) distributions(ctx context.Context) []trail.Logs {
	var places []place
	for _, r := range g.live("AWS::CloudFront::Distribution") {
		host := text(r.Properties, "DistributionConfig", "Logging", "Bucket")
		name, _, ok := strings.Cut(host, ".s3.")
		id := cmp.Or(text(r.Properties, "Id"), tail(string(r.ID)))
		if !ok || id == "" {
			continue
		}
		places = append(places, place{resource: r, bucket: name, layout: dashed, base: under(text(r.Properties, "DistributionConfig", "Logging", "Prefix"), id+"."),
			logs: trail.Logs{Kind: trail.AccessLog, Hides: "requests to distribution " + r.Name}})
	}
	return g.each(ctx, places)
}

// buckets finds server access logs of buckets (Amazon S3 user guide, "Log
// object key format").
func (g *finding) buckets(ctx context.Context) []trail.Logs {
	var places []place
	for _, r := range g.live("AWS::S3::Bucket") {
		logging, ok := value(map[string]any(r.Properties), []string{"LoggingConfiguration"}).(map[string]any)
		if !ok || len(logging) == 0 {
			continue
		}
		name := cmp.Or(text(r.Properties, "BucketName"), r.Name)
		p := place{resource: r, bucket: cmp.Or(text(logging, "DestinationBucketName"), name), base: text(logging, "LogFilePrefix"), layout: dashed,
			logs: trail.Logs{Kind: trail.AccessLog, Hides: "who uses bucket " + name}}
		if value(logging, []string{"TargetObjectKeyFormat", "PartitionedPrefix"}) != nil {
			p.layout = slashed
			p.base += fmt.Sprintf("%s/%s/%s/", r.Account, r.Region, name)
		}
		places = append(places, p)
	}
	return g.each(ctx, places)
}

// wantedRegions keeps the regions that are wanted, all when none is.
func wantedRegions(found []string, wanted []cloud.Region) []string {
	if len(wanted) == 0 {
		return found
	}
	return slices.DeleteFunc(found, func(r string) bool { return !slices.Contains(wanted, cloud.Region(r)) && r != "us-east-1" })
}
