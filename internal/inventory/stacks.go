package inventory

import (
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
)

// linkStacks gives resources the stack and the logical id that live
// CloudFormation stacks name for them (attribute StackResources, the summaries
// of ListStackResources). Most resources carry both in tags already; those
// that have no tags (routes, permissions, subscriptions) are found by their
// physical id, which is their ID or one of their aliases. What is known stays,
// and a name that two resources have says nothing.
func linkStacks(seen []Observation) {
	stacks := stacksOf(seen)
	if len(stacks) == 0 {
		return
	}
	type physical struct {
		kind cloud.Kind
		name string
	}
	owner := map[physical]cloud.ResourceID{}
	for i := range seen {
		r := &seen[i].Resource
		for _, name := range append([]string{afterParent(string(r.ID))}, r.Aliases...) {
			key := physical{r.Kind, name}
			if id, taken := owner[key]; taken && id != r.ID {
				owner[key] = ""
				continue
			}
			owner[key] = r.ID
		}
	}
	for i := range seen {
		owner[physical{seen[i].Kind, string(seen[i].ID)}] = seen[i].ID
	}
	linked := map[cloud.ResourceID][2]string{}
	for _, stack := range stacks {
		summaries, _ := stack.Attributes["StackResources"].([]any)
		for _, s := range summaries {
			summary, _ := s.(map[string]any)
			kind, _ := summary["ResourceType"].(string)
			id, _ := summary["PhysicalResourceId"].(string)
			logical, _ := summary["LogicalResourceId"].(string)
			if to := owner[physical{cloud.Kind(kind), id}]; to != "" && id != "" && logical != "" {
				linked[to] = [2]string{stack.Name, logical}
			}
		}
	}
	for i := range seen {
		r := &seen[i].Resource
		if names, ok := linked[r.ID]; ok && r.LogicalID == "" {
			r.Stack, r.LogicalID = names[0], names[1]
		}
	}
}

// stacksOf are the stacks whose resources were listed, in order of their ids.
func stacksOf(seen []Observation) []*Observation {
	var stacks []*Observation
	for i := range seen {
		if seen[i].Kind == "AWS::CloudFormation::Stack" && seen[i].Attributes["StackResources"] != nil {
			stacks = append(stacks, &seen[i])
		}
	}
	slices.SortFunc(stacks, func(a, b *Observation) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return stacks
}

// afterParent is the last part of a composed id ("<ARN>|<rest>"), "" of another.
func afterParent(id string) string {
	at := strings.LastIndex(id, "|")
	if at < 0 {
		return ""
	}
	return id[at+1:]
}
