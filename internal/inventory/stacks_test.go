package inventory_test

import (
	"testing"

	"example.com/landfall/internal/inventory"
)

func TestLinkStacks(t *testing.T) {
	t.Parallel()
	summary := func(kind, physical, logical string) any {
		return map[string]any{"ResourceType": kind, "PhysicalResourceId": physical, "LogicalResourceId": logical}
	}
	resources := []inventory.Resource{
		{ID: "arn:stack/shop", Kind: "AWS::CloudFormation::Stack", Name: "shop", Attributes: map[string]any{"StackResources": []any{
			summary("AWS::SQS::Queue", "https://q/orders", "Orders"), summary("AWS::Lambda::Permission", "allow-s3", "Allow"), summary("AWS::SNS::Topic", "arn:topic", "News"),
			summary("AWS::SQS::Queue", "arn:known", "Other"), summary("AWS::EC2::Subnet", "gone", "Gone"), summary("AWS::SNS::Topic", "twin", "Twin"), "broken",
		}}},
		{ID: "arn:orders", Kind: "AWS::SQS::Queue", Aliases: []string{"https://q/orders"}},
		{ID: "arn:fn|permission|allow-s3", Kind: "AWS::Lambda::Permission"},
		{ID: "arn:topic", Kind: "AWS::SNS::Topic", Aliases: []string{"twin"}},
		{ID: "arn:topic2", Kind: "AWS::SNS::Topic", Aliases: []string{"twin"}},
		{ID: "arn:known", Kind: "AWS::SQS::Queue", Stack: "mine", LogicalID: "Mine"},
	}
	b := inventory.NewBuilder()
	for _, r := range resources {
		if err := b.Add(inventory.Observation{Resource: r, Source: inventory.Live, Origin: "test"}); err != nil {
			t.Fatal(err)
		}
	}
	got := map[string][2]string{}
	for _, r := range b.Build().Resources {
		got[string(r.ID)] = [2]string{r.Stack, r.LogicalID}
	}
	for i, want := range map[int][2]string{1: {"shop", "Orders"}, 2: {"shop", "Allow"}, 3: {"shop", "News"}, 4: {"", ""}, 5: {"mine", "Mine"}} {
		if id := string(resources[i].ID); got[id] != want {
			t.Errorf("%s: %v, want %v", id, got[id], want)
		}
	}
}
