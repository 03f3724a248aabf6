package recorder

import (
	"context"

	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

const (
	typeLoadBalancer = "AWS::ElasticLoadBalancingV2::LoadBalancer"
	typeListener     = "AWS::ElasticLoadBalancingV2::Listener"
	typeTargetGroup  = "AWS::ElasticLoadBalancingV2::TargetGroup"
)

type elbReader struct {
	*reader
	client *elb.Client
}

func (r *reader) elb() family {
	e := elbReader{r, elb.NewFromConfig(r.config)}
	return family{name: "elasticloadbalancingv2", services: []string{"elasticloadbalancing"}, kinds: []kind{
		{[]string{typeLoadBalancer, typeListener}, e.loadBalancers},
		{[]string{typeTargetGroup}, e.targetGroups},
	}}
}

func (e elbReader) loadBalancers(ctx context.Context) ([]item, error) {
	var balancers []types.LoadBalancer
	err := pages(ctx, elb.NewDescribeLoadBalancersPaginator(e.client, &elb.DescribeLoadBalancersInput{}), func(out *elb.DescribeLoadBalancersOutput) {
		balancers = append(balancers, out.LoadBalancers...)
	})
	if err != nil {
		return nil, err
	}
	var items []item
	for _, one := range balancers {
		arn := text(one.LoadBalancerArn)
		it := e.item(typeLoadBalancer, arn, text(one.LoadBalancerName), arn)
		it.zone, it.created, it.configuration = zoneMany, when(one.CreatedTime), camel(one)
		it.relate(containedIn, typeVPC, text(one.VpcId))
		it.relateAll(associated, typeSecurityGroup, one.SecurityGroups)
		for _, zone := range one.AvailabilityZones {
			it.relate(attachedTo, typeSubnet, text(zone.SubnetId))
		}
		if it.tags, err = e.tags(ctx, arn); err != nil {
			return nil, err
		}
		attributes, err := e.client.DescribeLoadBalancerAttributes(ctx, &elb.DescribeLoadBalancerAttributesInput{LoadBalancerArn: &arn})
		if err != nil {
			return nil, err
		}
		it.supplementary = map[string]any{"LoadBalancerAttributes": camels(attributes.Attributes), "Tags": tagList(it.tags)}
		listeners, err := e.listeners(ctx, arn)
		if err != nil {
			return nil, err
		}
		items = append(append(items, it), listeners...)
	}
	return items, nil
}

// tagList returns tags as the list that some kinds repeat them in.
func tagList(tags map[string]string) []any {
	out := []any{}
	for _, key := range sortedKeys(tags) {
		out = append(out, map[string]any{"key": key, "value": tags[key]})
	}
	return out
}

func (e elbReader) listeners(ctx context.Context, balancer string) ([]item, error) {
	var items []item
	err := pages(ctx, elb.NewDescribeListenersPaginator(e.client, &elb.DescribeListenersInput{LoadBalancerArn: &balancer}), func(out *elb.DescribeListenersOutput) {
		for _, one := range out.Listeners {
			arn := text(one.ListenerArn)
			it := e.item(typeListener, arn, "", arn)
			it.configuration = pascal(one)
			it.relate(associated, typeLoadBalancer, balancer)
			for _, certificate := range one.Certificates {
				it.relate(associated, typeCertificate, text(certificate.CertificateArn))
			}
			for _, action := range one.DefaultActions {
				it.relate(associated, typeTargetGroup, text(action.TargetGroupArn))
			}
			items = append(items, it)
		}
	})
	if err != nil {
		return nil, err
	}
	for i := range items {
		if items[i].tags, err = e.tags(ctx, items[i].id); err != nil {
			return nil, err
		}
	}
	return items, nil
}

func (e elbReader) targetGroups(ctx context.Context) ([]item, error) {
	var items []item
	err := pages(ctx, elb.NewDescribeTargetGroupsPaginator(e.client, &elb.DescribeTargetGroupsInput{}), func(out *elb.DescribeTargetGroupsOutput) {
		for _, one := range out.TargetGroups {
			arn := text(one.TargetGroupArn)
			it := e.item(typeTargetGroup, arn, text(one.TargetGroupName), arn)
			it.configuration = pascal(one)
			it.relate(containedIn, typeVPC, text(one.VpcId))
			it.relateAll(associated, typeLoadBalancer, one.LoadBalancerArns)
			items = append(items, it)
		}
	})
	if err != nil {
		return nil, err
	}
	for i := range items {
		if items[i].tags, err = e.tags(ctx, items[i].id); err != nil {
			return nil, err
		}
	}
	return items, nil
}

func (e elbReader) tags(ctx context.Context, arn string) (map[string]string, error) {
	out, err := e.client.DescribeTags(ctx, &elb.DescribeTagsInput{ResourceArns: []string{arn}})
	if err != nil {
		return nil, err
	}
	for _, description := range out.TagDescriptions {
		return tagged(description.Tags, func(t types.Tag) (*string, *string) { return t.Key, t.Value }), nil
	}
	return nil, nil
}
