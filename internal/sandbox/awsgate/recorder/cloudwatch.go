package recorder

import (
	"context"
	"net/url"
	"strings"
	"time"
)

const typeAlarm = "AWS::CloudWatch::Alarm"

type cloudwatchReader struct {
	*reader
	client *queryClient
}

func (r *reader) cloudwatch() family {
	// The SDK speaks rpc-v2-cbor to CloudWatch, the control plane does not.
	c := cloudwatchReader{r, &queryClient{reader: r, service: "monitoring", version: "2010-08-01"}}
	return family{name: "cloudwatch", services: []string{"monitoring"}, kinds: []kind{{[]string{typeAlarm}, c.alarms}}}
}

func (c cloudwatchReader) alarms(ctx context.Context) ([]item, error) {
	var items []item
	form := url.Values{"AlarmTypes.member.1": {"MetricAlarm"}}
	for {
		out, err := c.client.call(ctx, "DescribeAlarms", form)
		if err != nil {
			return nil, err
		}
		result := out.child("DescribeAlarmsResult")
		for _, one := range result.child("MetricAlarms").Children {
			it, err := c.alarm(ctx, one)
			if err != nil {
				return nil, err
			}
			items = append(items, it)
		}
		token := result.child("NextToken").Text
		if token == "" {
			return items, nil
		}
		form.Set("NextToken", token)
	}
}

func (c cloudwatchReader) alarm(ctx context.Context, one element) (item, error) {
	arn := one.child("AlarmArn").Text
	it := c.item(typeAlarm, arn, one.child("AlarmName").Text, arn)
	configuration, _ := one.value(alarmTypes()).(map[string]any)
	// State is not configuration: it changes with every breach.
	it.configuration = without(configuration, "stateValue", "stateReason", "stateReasonData", "stateUpdatedTimestamp",
		"stateTransitionedTimestamp", "evaluationState")
	if at, err := time.Parse(time.RFC3339, one.child("AlarmConfigurationUpdatedTimestamp").Text); err == nil {
		it.configuration["alarmConfigurationUpdatedTimestamp"] = at.UTC().Format(timeForm)
	}
	tags, err := c.client.call(ctx, "ListTagsForResource", url.Values{"ResourceARN": {arn}})
	if err != nil {
		return item{}, err
	}
	it.tags = map[string]string{}
	for _, tag := range tags.child("ListTagsForResourceResult").child("Tags").Children {
		it.tags[tag.child("Key").Text] = tag.child("Value").Text
	}
	return it, nil
}

// alarmTypes says which members of MetricAlarm are not texts.
func alarmTypes() map[string]leaf {
	out := map[string]leaf{"ActionsEnabled": boolLeaf, "ReturnData": boolLeaf, "Threshold": numberLeaf}
	for name := range strings.FieldsSeq("Period EvaluationPeriods DatapointsToAlarm") {
		out[name] = numberLeaf
	}
	return out
}
