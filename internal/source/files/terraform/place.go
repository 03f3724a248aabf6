package terraform

import (
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory/kinds"
	"example.com/landfall/internal/source/files/format"
)

// places learns where the resources of a file are: Terraform's values name the
// region only here and there, the account mostly inside ARNs.
type places struct {
	all        format.Votes
	providers  map[string]*format.Votes
	configured map[string]cloud.Region
	// said is what the data sources aws_caller_identity and aws_region say.
	said     kinds.Place
	fallback kinds.Place
}

func newPlaces(fallback kinds.Place) *places {
	return &places{providers: map[string]*format.Votes{}, configured: map[string]cloud.Region{}, fallback: fallback}
}

// learn takes what one instance tells.
func (p *places) learn(i *instance) {
	if !i.aws() || i.values == nil {
		return
	}
	switch i.kind {
	case "aws_caller_identity":
		p.said.Account = cloud.Account(textOf(i.values, "account_id"))
		return
	case "aws_region":
		if region := format.First(textOf(i.values, "region"), textOf(i.values, "name"), textOf(i.values, "id")); format.IsRegion(region) {
			p.vote(i.provider).Region(region)
		}
		return
	case "aws_partition":
		p.said.Partition = textOf(i.values, "partition")
		return
	}
	if i.mode == "data" {
		return // what it looks up may belong to another account
	}
	if text := textOf(i.values, "arn"); text != "" {
		p.vote(i.provider).ARN(text)
		p.all.ARN(text)
	}
	if region := format.RegionOfZone(textOf(i.values, "availability_zone")); region != "" {
		p.vote(i.provider).Region(string(region))
	}
	if owner := textOf(i.values, "owner_id"); format.IsAccount(owner) {
		p.all.Account(owner)
	}
}

func (p *places) vote(provider string) *format.Votes {
	if p.providers[provider] == nil {
		p.providers[provider] = &format.Votes{}
	}
	return p.providers[provider]
}

// of is where an instance is: what it says itself, its provider's
// configuration, what others of its provider say, what the whole file says,
// what is assumed.
func (p *places) of(i *instance) kinds.Place {
	own, all := p.vote(i.provider).Winner(), p.all.Winner()
	at := kinds.Place{
		Partition: format.First(all.Partition, p.said.Partition),
		Account:   format.First(own.Account, p.said.Account, all.Account, p.fallback.Account),
		Region:    format.First(p.configured[i.provider], own.Region, all.Region, p.fallback.Region),
	}
	if zone := format.RegionOfZone(textOf(i.values, "availability_zone")); zone != "" {
		at.Region = zone
	}
	// Version 6 of the AWS provider has the region on every resource.
	if region := textOf(i.values, "region"); format.IsRegion(region) {
		at.Region = cloud.Region(region)
	}
	if arn, ok := kinds.ParseARN(textOf(i.values, "arn")); ok {
		at.Partition = arn.Place.Partition
		at.Account = format.First(arn.Place.Account, at.Account)
		at.Region = format.First(arn.Place.Region, at.Region)
	}
	return at
}

func textOf(values map[string]any, name string) string {
	text, _ := values[name].(string)
	return text
}
