package route53

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"example.com/landfall/internal/awserror"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/traffic"
)

// Client is the part of the SDK's client that is used.
type Client interface {
	route53.ListResourceRecordSetsAPIClient
	route53.GetChangeAPIClient
	GetHostedZone(context.Context, *route53.GetHostedZoneInput, ...func(*route53.Options)) (*route53.GetHostedZoneOutput, error)
	ChangeResourceRecordSets(context.Context, *route53.ChangeResourceRecordSetsInput, ...func(*route53.Options)) (*route53.ChangeResourceRecordSetsOutput, error)
}

// found is what a zone has of an entrance.
type found struct {
	name
	// now are the leading record sets at the name and at the helpers' names.
	now []record
	// journal is the TXT record that holds how the name was, nil when there is
	// none.
	journal *record
}

// look reads what the zone has at the name and at the names beside it that this
// package makes.
func (s Switch) look(ctx context.Context, e traffic.Entrance) (found, error) {
	id := e.Zone[strings.LastIndex(e.Zone, "/")+1:]
	zone, err := s.client.GetHostedZone(ctx, &route53.GetHostedZoneInput{Id: &id})
	if err != nil {
		return found{}, failed(err, "read zone", e.Zone)
	}
	f := found{name: name{fqdn: dotted(e.Name), zone: dotted(aws.ToString(zone.HostedZone.Name)), zoneID: id}}
	if f.fqdn != f.zone && !strings.HasSuffix(f.fqdn, "."+f.zone) {
		return found{}, fault.Newf(fault.Invalid, "lead %q: it is not in the zone %s (%s)", e.Name, f.zone, id)
	}
	for _, at := range []string{f.fqdn, f.helper(sourceLabel), f.helper(targetLabel), f.helper(journalLabel)} {
		sets, err := s.sets(ctx, id, at)
		if err != nil {
			return found{}, err
		}
		for _, set := range sets {
			f.take(at, set)
		}
	}
	f.before = ofName(f.now, f.fqdn)
	if f.journal != nil {
		f.before, err = open(f.journal.Values)
	}
	return f, err
}

func (f *found) take(at string, set types.ResourceRecordSet) {
	r := fromSDK(set)
	switch {
	case at == f.helper(journalLabel):
		if r.Type == "TXT" && written(r.Values) {
			f.journal = &r
		}
	case leading(r.Type):
		f.now = append(f.now, r)
	case at == f.fqdn:
		f.others = append(f.others, r.Type)
	}
}

// sets returns the record sets of one name, of all pages.
func (s Switch) sets(ctx context.Context, zone, at string) ([]types.ResourceRecordSet, error) {
	var out []types.ResourceRecordSet
	in := &route53.ListResourceRecordSetsInput{HostedZoneId: &zone, StartRecordName: &at}
	for {
		page, err := s.client.ListResourceRecordSets(ctx, in)
		if err != nil {
			return nil, failed(err, "read records of", at)
		}
		for _, set := range page.ResourceRecordSets {
			if dotted(unescaped(aws.ToString(set.Name))) != at {
				return out, nil
			}
			out = append(out, set)
		}
		if !page.IsTruncated {
			return out, nil
		}
		in.StartRecordName, in.StartRecordType, in.StartRecordIdentifier = page.NextRecordName, page.NextRecordType, page.NextRecordIdentifier
	}
}

// unescaped is a name with the one escape that matters here: Route 53 gives the
// star of a wildcard as \052 (Amazon Route 53 Developer Guide, "DNS domain name
// format").
func unescaped(name string) string { return strings.ReplaceAll(name, `\052`, "*") }

func fromSDK(set types.ResourceRecordSet) record {
	r := record{Name: dotted(unescaped(aws.ToString(set.Name))), Type: string(set.Type), TTL: aws.ToInt64(set.TTL), Identifier: aws.ToString(set.SetIdentifier), Weight: set.Weight}
	for _, v := range set.ResourceRecords {
		r.Values = append(r.Values, aws.ToString(v.Value))
	}
	if a := set.AliasTarget; a != nil {
		r.Alias = &alias{Name: dotted(aws.ToString(a.DNSName)), Zone: aws.ToString(a.HostedZoneId), Health: a.EvaluateTargetHealth}
	}
	rest := set
	rest.Name, rest.Type, rest.TTL, rest.ResourceRecords, rest.AliasTarget, rest.SetIdentifier, rest.Weight = nil, "", nil, nil, nil, nil, nil
	// The struct has no map and no channel: encoding it cannot go wrong.
	if text, _ := json.Marshal(rest); string(text) != nothing() {
		r.Rest = string(text)
	}
	return r
}

// nothing is the service's form of a record set with nothing in it.
func nothing() string {
	text, _ := json.Marshal(types.ResourceRecordSet{})
	return string(text)
}

func (r record) toSDK() (types.ResourceRecordSet, error) {
	var set types.ResourceRecordSet
	if r.Rest != "" {
		if err := json.Unmarshal([]byte(r.Rest), &set); err != nil {
			return set, fault.Of(fault.Invalid, "read the policy of the record", r.Name, err)
		}
	}
	set.Name, set.Type, set.Weight = &r.Name, types.RRType(r.Type), r.Weight
	if r.Identifier != "" {
		set.SetIdentifier = &r.Identifier
	}
	if r.Alias != nil {
		set.AliasTarget = &types.AliasTarget{DNSName: &r.Alias.Name, HostedZoneId: &r.Alias.Zone, EvaluateTargetHealth: r.Alias.Health}
		return set, nil
	}
	set.TTL = &r.TTL
	for _, v := range r.Values {
		set.ResourceRecords = append(set.ResourceRecords, types.ResourceRecord{Value: &v})
	}
	return set, nil
}

func ofName(records []record, at string) []record {
	var out []record
	for _, r := range records {
		if r.Name == at {
			out = append(out, r)
		}
	}
	return out
}

// failed turns an error of the SDK into one of ours.
func failed(err error, op, what string) error {
	kind := awserror.Kind(err)
	out := fault.Of(kind, op, what, awserror.Brief(err))
	if kind == fault.Denied {
		return out.Hintf("allow route53:GetHostedZone, ListResourceRecordSets, ChangeResourceRecordSets and GetChange on the zone")
	}
	return out
}
