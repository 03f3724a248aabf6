package app

import (
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
)

func pipeRules() []design.Rule {
	return []design.Rule{{
		Name: "pipes/pipe", Kinds: []cloud.Kind{"AWS::Pipes::Pipe"}, Stage: design.Edge,
		Source: "Azure Architecture Center, Messaging services on Azure and AWS", Apply: applyPipe,
	}}
}

// applyPipe decides a pipe. From a queue or a stream to a function it is the
// function's own trigger; anything else needs a program in between.
func applyPipe(c *design.Context, r *inventory.Resource) design.Decision {
	t := tell(c, r, design.Manual, redesign)
	source, target := t.at("Source"), t.at("Target")
	t.why("pipe %s carries %s to %s", r.Name, pipeEnd(c, r, source), pipeEnd(c, r, target))
	read := []string{"Source", "Target", "RoleArn", "SourceParameters", "TargetParameters", "Enrichment", "EnrichmentParameters", "DesiredState", "LogConfiguration", "KmsKeyIdentifier", "CurrentState", "CreationTime", "LastModifiedTime"}
	if said(t.at("SourceParameters.FilterCriteria")) {
		t.gap("lambda.event-filter", "SourceParameters.FilterCriteria="+shown(t.at("SourceParameters.FilterCriteria")))
	}
	if said(t.at("Enrichment")) {
		t.todo("call %s, which enriches the events of %s, from the program that takes the pipe's place", pipeEnd(c, r, t.at("Enrichment")), r.Name)
	}
	if function, ok := findFunction(c, r, target); ok {
		if app := functionOf(c, function); app != "" && t.feed(app, source) {
			t.Action = design.Replace
			c.Attach(r, app)
			if said(t.at("TargetParameters.InputTemplate")) {
				t.gap("events.input", "TargetParameters.InputTemplate="+shown(t.at("TargetParameters.InputTemplate")))
			}
			return t.done(read...)
		}
	}
	t.todo("write a function that reads %s and sends to %s", pipeEnd(c, r, source), pipeEnd(c, r, target))
	if strings.EqualFold(t.text("DesiredState"), "STOPPED") {
		t.todo("know that pipe %s is stopped", r.Name)
	}
	return t.done(read...)
}

// feed connects an app to the source of a pipe.
func (t *told) feed(app cloud.ResourceID, ref any) bool {
	for _, f := range feeds() {
		source, ok := t.c.Find(t.r, ref, f.kinds...)
		if !ok {
			continue
		}
		if id, ok := t.c.TargetOf(source, f.target); ok {
			f.apply(t, app, id, source)
			t.todo("give %s a %s for %s", common.LastName(app), f.name, source.Name)
			return true
		}
	}
	return false
}

func pipeEnd(c *design.Context, r *inventory.Resource, ref any) string {
	if found, ok := c.Find(r, ref); ok {
		return found.Name
	}
	return nameOf(c, r, ref)
}
