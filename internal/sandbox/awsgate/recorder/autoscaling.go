package recorder

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
)

const (
	typeGroup        = "AWS::AutoScaling::AutoScalingGroup"
	typeLaunchConfig = "AWS::AutoScaling::LaunchConfiguration"
	typeScaling      = "AWS::AutoScaling::ScalingPolicy"
)

type autoscalingReader struct {
	*reader
	client *autoscaling.Client
}

func (r *reader) autoscaling() family {
	a := autoscalingReader{r, autoscaling.NewFromConfig(r.config)}
	return family{name: "autoscaling", services: []string{"autoscaling", "ec2"}, kinds: []kind{
		{[]string{typeGroup}, a.groups},
		{[]string{typeLaunchConfig}, a.launchConfigurations},
		{[]string{typeScaling}, a.policies},
	}}
}

func (a autoscalingReader) groups(ctx context.Context) ([]item, error) {
	var items []item
	err := pages(ctx, autoscaling.NewDescribeAutoScalingGroupsPaginator(a.client, &autoscaling.DescribeAutoScalingGroupsInput{}), func(out *autoscaling.DescribeAutoScalingGroupsOutput) {
		for _, one := range out.AutoScalingGroups {
			items = append(items, a.group(one))
		}
	})
	return items, err
}

func (a autoscalingReader) group(one types.AutoScalingGroup) item {
	arn := text(one.AutoScalingGroupARN)
	it := a.item(typeGroup, arn, text(one.AutoScalingGroupName), arn)
	it.zone, it.created, it.configuration = zoneMany, when(one.CreatedTime), camel(one)
	it.tags = tagged(one.Tags, func(t types.TagDescription) (*string, *string) { return t.Key, t.Value })
	for _, instance := range one.Instances {
		it.relate(containsVerb, typeInstance, text(instance.InstanceId))
	}
	for subnet := range strings.SplitSeq(text(one.VPCZoneIdentifier), ",") {
		it.relate(associated, typeSubnet, strings.TrimSpace(subnet))
	}
	it.relateAll(associated, typeTargetGroup, one.TargetGroupARNs)
	it.relate(associated, typeLaunchConfig, text(one.LaunchConfigurationName))
	if one.LaunchTemplate != nil {
		it.relate(associated, typeLaunchTemplate, text(one.LaunchTemplate.LaunchTemplateId))
	}
	return it
}

func (a autoscalingReader) launchConfigurations(ctx context.Context) ([]item, error) {
	var items []item
	err := pages(ctx, autoscaling.NewDescribeLaunchConfigurationsPaginator(a.client, &autoscaling.DescribeLaunchConfigurationsInput{}), func(out *autoscaling.DescribeLaunchConfigurationsOutput) {
		for _, one := range out.LaunchConfigurations {
			name := text(one.LaunchConfigurationName)
			it := a.item(typeLaunchConfig, name, name, text(one.LaunchConfigurationARN))
			it.created, it.configuration = when(one.CreatedTime), camel(one)
			it.relateAll(associated, typeSecurityGroup, one.SecurityGroups)
			items = append(items, it)
		}
	})
	return items, err
}

func (a autoscalingReader) policies(ctx context.Context) ([]item, error) {
	var items []item
	err := pages(ctx, autoscaling.NewDescribePoliciesPaginator(a.client, &autoscaling.DescribePoliciesInput{}), func(out *autoscaling.DescribePoliciesOutput) {
		for _, one := range out.ScalingPolicies {
			arn := text(one.PolicyARN)
			it := a.item(typeScaling, arn, text(one.PolicyName), arn)
			it.configuration = camel(one)
			for _, alarm := range one.Alarms {
				it.relate(associated, typeAlarm, text(alarm.AlarmARN))
			}
			items = append(items, it)
		}
	})
	return items, err
}
