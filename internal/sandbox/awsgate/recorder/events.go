package recorder

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

const (
	typeRule = "AWS::Events::Rule"
	typeBus  = "AWS::Events::EventBus"
)

type eventsReader struct {
	*reader
	client *eventbridge.Client
}

func (r *reader) events() family {
	e := eventsReader{r, eventbridge.NewFromConfig(r.config)}
	return family{name: "events", services: []string{"events"}, kinds: []kind{{[]string{typeBus, typeRule}, e.buses}}}
}

func (e eventsReader) buses(ctx context.Context) ([]item, error) {
	out, err := e.client.ListEventBuses(ctx, &eventbridge.ListEventBusesInput{})
	if err != nil {
		return nil, err
	}
	var items []item
	for _, bus := range out.EventBuses {
		name := text(bus.Name)
		it := e.item(typeBus, name, name, text(bus.Arn))
		it.configuration = map[string]any{"Name": name, "Arn": it.arn}
		if bus.Policy != nil {
			it.configuration["Policy"] = *bus.Policy
		}
		rules, err := e.rules(ctx, name)
		if err != nil {
			return nil, err
		}
		items = append(append(items, it), rules...)
	}
	return items, nil
}

func (e eventsReader) rules(ctx context.Context, bus string) ([]item, error) {
	var items []item
	in := &eventbridge.ListRulesInput{EventBusName: &bus}
	for {
		out, err := e.client.ListRules(ctx, in)
		if err != nil {
			return nil, err
		}
		for _, one := range out.Rules {
			it, err := e.rule(ctx, bus, one)
			if err != nil {
				return nil, err
			}
			items = append(items, it)
		}
		if text(out.NextToken) == "" {
			return items, nil
		}
		in.NextToken = out.NextToken
	}
}

func (e eventsReader) rule(ctx context.Context, bus string, one types.Rule) (item, error) {
	it := e.item(typeRule, text(one.Arn), text(one.Name), text(one.Arn))
	it.configuration = pascal(one)
	it.configuration["EventBusName"] = bus
	it.relate(associated, typeBus, bus)
	targets, err := e.client.ListTargetsByRule(ctx, &eventbridge.ListTargetsByRuleInput{Rule: one.Name, EventBusName: &bus})
	if err != nil {
		return item{}, err
	}
	it.configuration["Targets"] = pascals(targets.Targets)
	tags, err := e.client.ListTagsForResource(ctx, &eventbridge.ListTagsForResourceInput{ResourceARN: one.Arn})
	if err != nil {
		return item{}, err
	}
	it.tags = tagged(tags.Tags, func(t types.Tag) (*string, *string) { return t.Key, t.Value })
	return it, nil
}
