package app

import (
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
)

func workflowRules() []design.Rule {
	const source = "Microsoft Learn, Durable Functions overview; Azure Logic Apps overview"
	return []design.Rule{
		{Name: "stepfunctions/machine", Kinds: []cloud.Kind{"AWS::StepFunctions::StateMachine"}, Stage: design.Edge, Source: source, Targets: []cloud.Kind{workflowKind}, Apply: applyStateMachine},
		{Name: "stepfunctions/version", Kinds: []cloud.Kind{"AWS::StepFunctions::StateMachineAlias", "AWS::StepFunctions::StateMachineVersion"}, Stage: design.Edge, Source: source, Apply: applyMachineVersion},
		{Name: "stepfunctions/activity", Kinds: []cloud.Kind{"AWS::StepFunctions::Activity"}, Stage: design.Edge, Source: source, Apply: applyActivity},
	}
}

// machine is what a definition holds.
type machine struct {
	states int
	// kinds counts the states of each type, calls lists what tasks call.
	kinds map[string]any
	calls []string
	// features are what makes a translation more than a copy.
	features []string
}

func applyStateMachine(c *design.Context, r *inventory.Resource) design.Decision {
	t := tell(c, r, design.Manual, redesign)
	m := machine{kinds: map[string]any{}}
	definition := definitionOf(r)
	m.read(definition, 0)
	slices.Sort(m.calls)
	m.calls = slices.Compact(m.calls)
	slices.Sort(m.features)
	m.features = slices.Compact(m.features)
	kind := orElse(t.text("StateMachineType"), "STANDARD")
	t.gap("stepfunctions.language", "StateMachineType="+kind)
	if m.states == 0 {
		t.why("%s state machine %s has no definition that can be read here", strings.ToLower(kind), r.Name)
		t.todo("export the definition of %s and rebuild it: as Durable Functions when it is code that is called, as a Logic App when it joins services", r.Name)
		return t.done("*")
	}
	target := "Durable Functions"
	if len(m.calls) > 0 && !slices.ContainsFunc(m.calls, func(s string) bool { return strings.HasPrefix(s, "lambda") }) {
		target = "a Logic App"
	}
	t.why("%s state machine %s has %s (%s) and calls %s; %s is the closer counterpart, and its definition has to be written anew",
		strings.ToLower(kind), r.Name, common.Count(m.states, "state"), strings.Join(keys(m.kinds), ", "), orElse(strings.Join(m.calls, ", "), "nothing"), target)
	t.todo("rebuild %s with %s, state by state: %s", r.Name, target, strings.Join(keys(m.kinds), ", "))
	for _, call := range m.calls {
		t.todo("replace the call of %s", call)
	}
	for _, f := range m.features {
		t.gap("stepfunctions.feature", "Definition."+f)
	}
	for _, what := range []string{"LoggingConfiguration", "TracingConfiguration", "EncryptionConfiguration"} {
		if said(t.at(what)) {
			t.todo("set up what %s of %s says at the target: %s", what, r.Name, shown(t.at(what)))
		}
	}
	t.todo("let executions of %s that run at the cutover end at AWS: their state does not move", r.Name)
	t.other("Azure Logic Apps", map[bool]string{true: "it calls functions, which Durable Functions run as code beside them", false: "its definition still has to be written by hand"}[target == "Durable Functions"])
	if target != "Durable Functions" {
		t.other("Durable Functions", "it only joins services, for which Logic Apps has connectors")
	}
	t.EffortDays = float64(1+m.states) / 2
	return t.done("StateMachineName", "StateMachineType", "Definition*", "RoleArn", "LoggingConfiguration", "TracingConfiguration", "EncryptionConfiguration", "StateMachineRevisionId", "CreationDate", "UpdateDate")
}

// definitionOf reads the definition in any of its forms. In a template it may
// hold placeholders outside of texts, which JSON refuses; then it is not read.
func definitionOf(r *inventory.Resource) map[string]any {
	for _, name := range []string{"Definition", "DefinitionString"} {
		if m := object(design.At(r.Properties, name)); len(m) > 0 {
			return m
		}
	}
	return nil
}

// read goes through the states, and those inside maps and branches.
func (m *machine) read(definition map[string]any, depth int) {
	if depth > 8 {
		return
	}
	states := object(definition["States"])
	for _, name := range keys(states) {
		state := object(states[name])
		m.states++
		kind := orElse(design.Text(state, "Type"), "unknown")
		m.kinds[kind] = true
		m.task(state)
		for _, branch := range design.Maps(state["Branches"]) {
			m.read(branch, depth+1)
		}
		for _, inner := range []string{"Iterator", "ItemProcessor"} {
			if nested := object(state[inner]); len(nested) > 0 {
				m.read(nested, depth+1)
				if strings.EqualFold(design.Text(nested, "ProcessorConfig.Mode"), "DISTRIBUTED") {
					m.features = append(m.features, "distributed map")
				}
			}
		}
		for _, f := range []string{"Retry", "Catch"} {
			if said(state[f]) {
				m.features = append(m.features, strings.ToLower(f))
			}
		}
		if design.Text(state, "QueryLanguage") == "JSONata" || design.Text(definition, "QueryLanguage") == "JSONata" {
			m.features = append(m.features, "JSONata")
		}
	}
}

// task notes what a task calls: "lambda:invoke", "dynamodb:putItem", "sqs:sendMessage".
func (m *machine) task(state map[string]any) {
	resource := design.Text(state, "Resource")
	if resource == "" {
		return
	}
	switch {
	case strings.HasSuffix(resource, ".waitForTaskToken"):
		m.features = append(m.features, "waitForTaskToken")
	case strings.HasSuffix(resource, ".sync"), strings.HasSuffix(resource, ".sync:2"):
		m.features = append(m.features, "sync")
	}
	parts := strings.SplitN(resource, ":", 7)
	switch {
	case len(parts) == 7 && parts[2] == "lambda":
		m.calls = append(m.calls, "lambda "+parts[6])
	case len(parts) >= 6 && parts[2] == "states" && !strings.HasPrefix(parts[5], "activity"):
		m.calls = append(m.calls, strings.Join(parts[5:], ":"))
	case strings.Contains(resource, "activity"):
		m.calls = append(m.calls, "activity")
	default:
		m.calls = append(m.calls, "lambda "+shown(resource))
	}
}

func applyMachineVersion(c *design.Context, r *inventory.Resource) design.Decision {
	t := tell(c, r, design.Retire, inNamedGaps)
	return t.why("%s is a version of a state machine or points to one; the pipeline keeps versions of the workflow's source", r.Name).done("*")
}

func applyActivity(c *design.Context, r *inventory.Resource) design.Decision {
	t := tell(c, r, design.Manual, redesign)
	t.why("workers poll activity %s for tasks; an external event of Durable Functions or a queue takes its place", r.Name)
	t.todo("let the workers of %s read a Service Bus queue, and report back to the workflow", r.Name)
	return t.done("*")
}
