package recorder

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
)

const typeZone = "AWS::Route53::HostedZone"

type route53Reader struct {
	*reader
	client *route53.Client
}

func (r *reader) route53() family {
	z := route53Reader{r, route53.NewFromConfig(r.config)}
	return family{name: "route53", services: []string{"route53"}, kinds: []kind{{[]string{typeZone}, z.zones}}}
}

func (z route53Reader) zones(ctx context.Context) ([]item, error) {
	var ids []string
	err := pages(ctx, route53.NewListHostedZonesPaginator(z.client, &route53.ListHostedZonesInput{}), func(out *route53.ListHostedZonesOutput) {
		for _, one := range out.HostedZones {
			ids = append(ids, afterLast(text(one.Id), "/"))
		}
	})
	if err != nil {
		return nil, err
	}
	var items []item
	for _, id := range ids {
		out, err := z.client.GetHostedZone(ctx, &route53.GetHostedZoneInput{Id: &id})
		if err != nil {
			return nil, err
		}
		name := text(out.HostedZone.Name)
		it := z.global(typeZone, id, name, "arn:aws:route53:::hostedzone/"+id)
		it.configuration = map[string]any{"Id": id, "Name": name}
		if config := out.HostedZone.Config; config != nil && text(config.Comment) != "" {
			it.configuration["HostedZoneConfig"] = map[string]any{"Comment": *config.Comment}
		}
		if out.DelegationSet != nil {
			it.configuration["NameServers"] = pascals(out.DelegationSet.NameServers)
		}
		if len(out.VPCs) > 0 {
			it.configuration["VPCs"] = pascals(out.VPCs)
			for _, vpc := range out.VPCs {
				it.relate(associated, typeVPC, text(vpc.VPCId))
			}
		}
		tags, err := z.client.ListTagsForResource(ctx, &route53.ListTagsForResourceInput{ResourceId: &id, ResourceType: types.TagResourceTypeHostedzone})
		if err != nil {
			return nil, err
		}
		if tags.ResourceTagSet != nil {
			it.tags = tagged(tags.ResourceTagSet.Tags, func(t types.Tag) (*string, *string) { return t.Key, t.Value })
		}
		items = append(items, it)
	}
	return items, nil
}
