package seed

import (
	acmtypes "github.com/aws/aws-sdk-go-v2/service/acm/types"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/aws/aws-sdk-go-v2/aws"

	"example.com/landfall/internal/cloud"
)

// tagsOf are the tags that the owner's team puts on everything. Strays have
// none: that is what makes them strays.
func tagsOf(w workload) cloud.Tags {
	switch w {
	case bookshop:
		return cloud.Tags{"workload": "bookshop", "team": "storefront", "env": "production", "cost-centre": "CC-4100", "managed-by": "sdk"}
	case payroll:
		return cloud.Tags{"workload": "payroll", "team": "people-systems", "env": "production", "cost-centre": "CC-7300"}
	case platform:
		// Shared ground: a team and no workload, as with most landing zones.
		return cloud.Tags{"team": "platform", "env": "production", "cost-centre": "CC-0001"}
	case stray:
	}
	return nil
}

// named returns the owner's tags with a Name.
func (w workload) named(name string) cloud.Tags {
	t := tagsOf(w)
	if t != nil && name != "" {
		t["Name"] = name
	}
	return t
}

// tagList turns tags into the list of a service's own tag type, in the order of the names.
func tagList[T any](t cloud.Tags, tag func(key, value *string) T) []T {
	list := make([]T, 0, len(t))
	for _, k := range t.Keys() {
		list = append(list, tag(aws.String(k), aws.String(t[k])))
	}
	return list
}

// ec2Tags are the tags of one new EC2 resource of the type.
func (s *scope) ec2Tags(kind ec2types.ResourceType, name string) []ec2types.TagSpecification {
	t := s.owner.named(name)
	if t == nil {
		return nil
	}
	return []ec2types.TagSpecification{{ResourceType: kind, Tags: ec2TagList(t)}}
}

func ec2TagList(t cloud.Tags) []ec2types.Tag {
	return tagList(t, func(k, v *string) ec2types.Tag { return ec2types.Tag{Key: k, Value: v} })
}

func (s *scope) elbTags(name string) []elbtypes.Tag {
	return tagList(s.owner.named(name), func(k, v *string) elbtypes.Tag { return elbtypes.Tag{Key: k, Value: v} })
}

func (s *scope) iamTags() []iamtypes.Tag {
	return tagList(tagsOf(s.owner), func(k, v *string) iamtypes.Tag { return iamtypes.Tag{Key: k, Value: v} })
}

func (s *scope) rdsTags() []rdstypes.Tag {
	return tagList(tagsOf(s.owner), func(k, v *string) rdstypes.Tag { return rdstypes.Tag{Key: k, Value: v} })
}

func (s *scope) acmTags() []acmtypes.Tag {
	return tagList(tagsOf(s.owner), func(k, v *string) acmtypes.Tag { return acmtypes.Tag{Key: k, Value: v} })
}
