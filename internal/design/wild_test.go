package design

import (
	"slices"
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

func TestWidenedTakesWhatNoRuleNames(t *testing.T) {
	t.Parallel()
	families := []Family{{Name: "a", Rules: []Rule{{Name: "a/custom", Kinds: []cloud.Kind{"Custom::*"}}, {Name: "a/own", Kinds: []cloud.Kind{"Custom::Own"}}}}}
	resources := []inventory.Resource{{Kind: "Custom::Z"}, {Kind: "Custom::Own"}, {Kind: "Custom::A"}, {Kind: "AWS::SQS::Queue"}, {Kind: "Custom::Z"}}
	out := widened(families, resources)
	if got := out[0].Rules[0].Kinds; !slices.Equal(got, []cloud.Kind{"Custom::A", "Custom::Z"}) {
		t.Errorf("kinds are %v", got)
	}
	if got := families[0].Rules[0].Kinds; !slices.Equal(got, []cloud.Kind{"Custom::*"}) {
		t.Errorf("the family itself changed: %v", got)
	}
	plain := []Family{{Name: "b", Rules: []Rule{{Kinds: []cloud.Kind{"AWS::SQS::Queue"}}}}}
	if got := widened(plain, resources); !slices.Equal(got[0].Rules[0].Kinds, plain[0].Rules[0].Kinds) {
		t.Errorf("a family without a pattern changed: %v", got)
	}
}
