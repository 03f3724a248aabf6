package seed

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
)

// cloudFrontZone is the hosted zone id that every alias to a CloudFront
// distribution names (Route 53 API reference, AliasTarget).
const cloudFrontZone = "Z2FDTNDATAQYW2"

// recordRow is one plain record set.
type recordRow struct {
	name   string
	kind   types.RRType
	ttl    int64
	values []string
}

// route53 makes the public zone with the weighted shop record and the private
// zone with the names of the data stores.
func (s *scope) route53() {
	public := s.hostedZone(publicZone, nil)
	s.set("zone", public)
	s.alias(public, shopName, &types.ResourceRecordSet{SetIdentifier: aws.String("aws"), Weight: aws.Int64(100)},
		&types.AliasTarget{DNSName: aws.String(s.id("alb-dns")), HostedZoneId: aws.String(s.id("alb-zone")), EvaluateTargetHealth: true})
	// The page for a closed shop: in the zone for years, with no weight.
	s.upsert(public, &types.ResourceRecordSet{Name: aws.String(shopName), Type: types.RRTypeA, SetIdentifier: aws.String("holding"), Weight: aws.Int64(0),
		TTL: aws.Int64(60), ResourceRecords: []types.ResourceRecord{{Value: aws.String("192.0.2.80")}}})
	s.alias(public, staticName, &types.ResourceRecordSet{},
		&types.AliasTarget{DNSName: aws.String(s.id("distribution-domain")), HostedZoneId: aws.String(cloudFrontZone)})
	rows := []recordRow{
		{publicZone, types.RRTypeMx, 3600, []string{"10 mx1.mail.example.", "20 mx2.mail.example."}},
		{publicZone, types.RRTypeTxt, 3600, []string{`"v=spf1 include:_spf.mail.example -all"`, `"shop-verification=5b1f0c"`}},
		{"www." + publicZone, types.RRTypeCname, 300, []string{shopName}},
		{"_dmarc." + publicZone, types.RRTypeTxt, 3600, []string{`"v=DMARC1; p=reject; rua=mailto:dmarc@bookshop.example"`}},
	}
	if name, value := s.validation(); name != "" {
		rows = append(rows, recordRow{name, types.RRTypeCname, 300, []string{value}})
	}
	for _, row := range rows {
		s.record(public, row)
	}
	// A host that was switched off long ago; its record was forgotten.
	s.as(stray).record(public, recordRow{staleName, types.RRTypeA, 300, []string{"192.0.2.77"}})
	private := s.hostedZone(privateZone, &types.VPC{VPCId: aws.String(s.id("vpc")), VPCRegion: types.VPCRegion(s.o.Region)})
	s.set("private-zone", private)
	s.record(private, recordRow{"db." + privateZone, types.RRTypeCname, 60, []string{s.id("db-endpoint")}})
	s.record(private, recordRow{"cache." + privateZone, types.RRTypeCname, 60, []string{s.id("cache-endpoint")}})
	s.as(payroll).record(private, recordRow{"payroll-db." + privateZone, types.RRTypeCname, 60, []string{s.id("payroll-db-endpoint")}})
}

func (s *scope) hostedZone(name string, vpc *types.VPC) string {
	in := &route53.CreateHostedZoneInput{Name: &name, CallerReference: aws.String("seed-" + name), VPC: vpc}
	if vpc != nil {
		in.HostedZoneConfig = &types.HostedZoneConfig{PrivateZone: true, Comment: aws.String("names inside the VPC")}
	}
	id := get(s, s.clients.route53.CreateHostedZone, in, func(o *route53.CreateHostedZoneOutput) string {
		// The answer spells it "/hostedzone/Z123"; the id is what follows.
		return strings.TrimPrefix(aws.ToString(o.HostedZone.Id), "/hostedzone/")
	})
	if s.err != nil {
		return ""
	}
	s.made(Resource{Kind: "AWS::Route53::HostedZone", ID: id, Name: name})
	tags := tagList(tagsOf(s.owner), func(k, v *string) types.Tag { return types.Tag{Key: k, Value: v} })
	do(s, s.clients.route53.ChangeTagsForResource, &route53.ChangeTagsForResourceInput{ResourceId: &id, ResourceType: types.TagResourceTypeHostedzone, AddTags: tags})
	return id
}

func (s *scope) alias(zone, name string, set *types.ResourceRecordSet, target *types.AliasTarget) {
	set.Name, set.Type, set.AliasTarget = &name, types.RRTypeA, target
	s.upsert(zone, set)
}

func (s *scope) record(zone string, row recordRow) {
	set := &types.ResourceRecordSet{Name: &row.name, Type: row.kind, TTL: &row.ttl}
	for _, v := range row.values {
		set.ResourceRecords = append(set.ResourceRecords, types.ResourceRecord{Value: aws.String(v)})
	}
	s.upsert(zone, set)
}

func (s *scope) upsert(zone string, set *types.ResourceRecordSet) {
	do(s, s.clients.route53.ChangeResourceRecordSets, &route53.ChangeResourceRecordSetsInput{HostedZoneId: &zone, ChangeBatch: &types.ChangeBatch{
		Changes: []types.Change{{Action: types.ChangeActionCreate, ResourceRecordSet: set}}}})
	if s.err == nil {
		name := aws.ToString(set.Name)
		parts := []string{zone, name, string(set.Type)}
		if set.SetIdentifier != nil {
			parts = append(parts, *set.SetIdentifier)
		}
		s.made(Resource{Kind: "AWS::Route53::RecordSet", ID: strings.Join(parts, "/"), Name: name, Untagged: true})
	}
}
