package inventory

import (
	"strings"

	"example.com/landfall/internal/cloud"
)

// LinkStacks gives resources the stack and the logical id that live
// CloudFormation stacks name for them (attribute StackResources, the summaries
// of ListStackResources). Most resources carry both in tags already; those
// that have no tags (routes, permissions, subscriptions) are found by their
// physical id, which is their ID or one of their aliases. What is known stays.
func LinkStacks(resources []Resource) {
	type physical struct {
		kind cloud.Kind
		id   string
	}
	by := map[physical]int{}
	for i, r := range resources {
		for _, name := range append([]string{string(r.ID), afterParent(string(r.ID))}, r.Aliases...) {
			key := physical{r.Kind, name}
			if _, taken := by[key]; taken && name != string(r.ID) {
				by[key] = -1 // a name of two resources says nothing
				continue
			}
			by[key] = i
		}
	}
	for _, stack := range resources {
		if stack.Kind != "AWS::CloudFormation::Stack" {
			continue
		}
		summaries, _ := stack.Attributes["StackResources"].([]any)
		for _, s := range summaries {
			summary, _ := s.(map[string]any)
			kind, _ := summary["ResourceType"].(string)
			id, _ := summary["PhysicalResourceId"].(string)
			logical, _ := summary["LogicalResourceId"].(string)
			i, ok := by[physical{cloud.Kind(kind), id}]
			if !ok || i < 0 || id == "" || logical == "" || resources[i].LogicalID != "" {
				continue
			}
			resources[i].Stack, resources[i].LogicalID = stack.Name, logical
		}
	}
}

// afterParent is the last part of a composed id ("<ARN>|<rest>"), "" of another.
func afterParent(id string) string {
	at := strings.LastIndex(id, "|")
	if at < 0 {
		return ""
	}
	return id[at+1:]
}
