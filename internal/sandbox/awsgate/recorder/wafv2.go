package recorder

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/wafv2"
	"github.com/aws/aws-sdk-go-v2/service/wafv2/types"
)

const (
	typeWebACL = "AWS::WAFv2::WebACL"
	typeIPSet  = "AWS::WAFv2::IPSet"
)

type wafReader struct {
	*reader
	client *wafv2.Client
}

func (r *reader) wafv2() family {
	w := wafReader{r, wafv2.NewFromConfig(r.config)}
	return family{name: "wafv2", services: []string{"wafv2"}, kinds: []kind{
		{[]string{typeWebACL}, w.webACLs},
		{[]string{typeIPSet}, w.ipSets},
	}}
}

// scopes: one for load balancers and APIs of the region, one for CloudFront.
func scopes() []types.Scope { return []types.Scope{types.ScopeRegional, types.ScopeCloudfront} }

func (w wafReader) webACLs(ctx context.Context) ([]item, error) {
	var items []item
	for _, scope := range scopes() {
		out, err := w.client.ListWebACLs(ctx, &wafv2.ListWebACLsInput{Scope: scope})
		if err != nil {
			return nil, err
		}
		for _, summary := range out.WebACLs {
			got, err := w.client.GetWebACL(ctx, &wafv2.GetWebACLInput{Id: summary.Id, Name: summary.Name, Scope: scope})
			if err != nil {
				return nil, err
			}
			it := w.item(typeWebACL, text(got.WebACL.ARN), text(got.WebACL.Name), text(got.WebACL.ARN))
			it.configuration = camel(got.WebACL)
			it.configuration["resourceARN"] = it.arn
			delete(it.configuration, "aRN")
			if it.tags, err = w.tags(ctx, it.arn); err != nil {
				return nil, err
			}
			items = append(items, it)
		}
	}
	return items, nil
}

func (w wafReader) ipSets(ctx context.Context) ([]item, error) {
	var items []item
	for _, scope := range scopes() {
		out, err := w.client.ListIPSets(ctx, &wafv2.ListIPSetsInput{Scope: scope})
		if err != nil {
			return nil, err
		}
		for _, summary := range out.IPSets {
			got, err := w.client.GetIPSet(ctx, &wafv2.GetIPSetInput{Id: summary.Id, Name: summary.Name, Scope: scope})
			if err != nil {
				return nil, err
			}
			it := w.item(typeIPSet, text(got.IPSet.ARN), text(got.IPSet.Name), text(got.IPSet.ARN))
			it.configuration = camel(got.IPSet)
			items = append(items, it)
		}
	}
	return items, nil
}

func (w wafReader) tags(ctx context.Context, arn string) (map[string]string, error) {
	out, err := w.client.ListTagsForResource(ctx, &wafv2.ListTagsForResourceInput{ResourceARN: &arn})
	if err != nil {
		return nil, err
	}
	if out.TagInfoForResource == nil {
		return nil, nil
	}
	return tagged(out.TagInfoForResource.TagList, func(t types.Tag) (*string, *string) { return t.Key, t.Value }), nil
}
