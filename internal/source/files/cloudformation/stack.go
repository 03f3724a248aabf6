package cloudformation

import (
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/source/files/cloudformation/eval"
	"example.com/landfall/internal/source/files/cloudformation/sam"
)

// stack is one instance of a template: a document with the values of its
// parameters.
type stack struct {
	run    *run
	name   string
	doc    *document
	parent *stack
	// logical is the resource of the parent that it is.
	logical string
	depth   int
	// doubt is set for a stack that exists under a condition.
	doubt bool

	sections  map[string]map[string]any
	resources map[string]map[string]any
	generated map[string]string // logical id -> the serverless resource it comes from
	eval      *eval.Evaluator
	children  map[string]*stack
	outputs   map[string]any
	computing map[string]bool
	notes     []note
}

// note is a problem that was found while building.
type note struct {
	path, reason string
	unread       bool
	hides        string
}

// path names the stack from the top one.
func (s *stack) path() []string {
	if s.parent == nil {
		return []string{s.name}
	}
	return append(s.parent.path(), s.logical)
}

func (s *stack) refuse(path, reason string) {
	s.notes = append(s.notes, note{path: path, reason: reason})
}

func (s *stack) unread(path, reason, hides string) {
	s.notes = append(s.notes, note{path: path, reason: reason, unread: true, hides: hides})
}

// build prepares the template for this instance: parameters, then includes,
// loops and the serverless transform in the order in which CloudFormation
// runs them, then the scope in which values are evaluated.
func (s *stack) build(given map[string]any) {
	s.run.built++
	s.children, s.outputs, s.computing = map[string]*stack{}, map[string]any{}, map[string]bool{}
	body := s.include(s.doc.tree.Body)
	s.cut(body)
	scope := s.scope(given)
	if eval.HasLoops(body) {
		body = s.unfold(body, scope)
		s.cut(body)
		scope = s.scope(given)
	}
	macros := s.macros(body)
	scope.Lenient = macros.others
	if macros.serverless {
		s.serverless(body, scope)
		scope = s.scope(given)
		scope.Lenient = macros.others
	}
	s.collect()
	s.eval = eval.New(scope)
	s.eval.Conditions("Conditions")
}

// cut takes the sections out of a template.
func (s *stack) cut(body map[string]any) {
	s.sections = map[string]map[string]any{}
	for _, name := range []string{"Parameters", "Mappings", "Conditions", "Resources", "Outputs", "Hooks", "Globals", "Metadata"} {
		raw, ok := body[name]
		section, isMap := raw.(map[string]any)
		if ok && !isMap && raw != nil {
			s.refuse(name, "the section "+name+" is a mapping; this one is left out")
		}
		s.sections[name] = section
	}
}

// unfold unrolls the loops.
func (s *stack) unfold(body map[string]any, scope eval.Scope) map[string]any {
	e := eval.New(scope)
	out := map[string]any{}
	for _, name := range sortedKeys(body) {
		out[name] = e.Unfold(name, body[name])
	}
	for _, p := range e.Problems() {
		s.unread(p.Path, p.Reason, "what the loop makes")
	}
	return out
}

// scope says what the names of the template stand for.
func (s *stack) scope(given map[string]any) eval.Scope {
	parameters, allowed := map[string]any{}, map[string][]string{}
	for name, p := range eval.Declared(s.sections["Parameters"]) {
		value := p.Value(name, given[name])
		parameters[name] = value
		if text, ok := value.(string); ok && text == "${param:"+name+"}" && len(p.Allowed) > 0 && !p.NoEcho {
			allowed[name] = p.Allowed
		}
	}
	return eval.Scope{
		Parameters: parameters, Allowed: allowed, Pseudo: s.pseudo(), Mappings: s.sections["Mappings"], Conditions: s.sections["Conditions"],
		Resource: s.resource, Attribute: s.attribute, Import: s.run.imported,
	}
}

func (s *stack) pseudo() map[string]any {
	out := map[string]any{"AWS::StackName": s.name}
	o := s.run.o
	if o.Account != "" {
		out["AWS::AccountId"] = string(o.Account)
	}
	if o.Region != "" {
		partition, suffix := placeOf(string(o.Region))
		out["AWS::Region"], out["AWS::Partition"], out["AWS::URLSuffix"] = string(o.Region), partition, suffix
	}
	return out
}

// placeOf gives the partition of a region and the domain of its endpoints
// (the tables of partitions in the AWS General Reference).
func placeOf(region string) (partition, suffix string) {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn", "amazonaws.com.cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov", "amazonaws.com"
	case strings.HasPrefix(region, "us-isob-"):
		return "aws-iso-b", "sc2s.sgov.gov"
	case strings.HasPrefix(region, "us-iso-"):
		return "aws-iso", "c2s.ic.gov"
	case strings.HasPrefix(region, "eusc-"):
		return "aws-eusc", "amazonaws.eu"
	}
	return "aws", "amazonaws.com"
}

// id is the inventory's id of a resource of this stack.
func (s *stack) id(logical string) cloud.ResourceID {
	return cloud.ResourceID("cloudformation:" + s.name + "/" + logical)
}

func (s *stack) resource(logical string) (cloud.ResourceID, bool) {
	if _, ok := s.resources[logical]; ok {
		return s.id(logical), true
	}
	// The resources of a module are named after it: "Module.Resource", or
	// "ModuleResource"; the module stands for them.
	if module, _, found := strings.Cut(logical, "."); found && s.kind(module) == moduleKind(s.kind(module)) {
		return s.id(module), s.kind(module) != ""
	}
	return "", false
}

// moduleKind returns the kind if it is a module's, else a kind that is none.
func moduleKind(kind string) string {
	if strings.HasSuffix(kind, "::MODULE") {
		return kind
	}
	return "no module"
}

func (s *stack) kind(logical string) string {
	kind, _ := s.resources[logical]["Type"].(string)
	return kind
}

// collect takes the resources that are resources.
func (s *stack) collect() {
	s.resources = map[string]map[string]any{}
	section := s.sections["Resources"]
	if len(section) == 0 {
		s.refuse("Resources", "the template has no resources")
	}
	for _, logical := range sortedKeys(section) {
		at := "Resources/" + logical
		body, ok := section[logical].(map[string]any)
		switch {
		case strings.HasPrefix(logical, "Fn::ForEach::"):
			continue // said when it could not be unrolled
		case logical == "Fn::Transform":
			s.macro(at, section[logical])
			continue
		case !ok:
			s.refuse(at, "a resource is a mapping with a Type; this one is left out")
			continue
		}
		kind, ok := body["Type"].(string)
		if !ok || strings.TrimSpace(kind) == "" {
			s.refuse(at, "the resource has no Type; it is left out")
			continue
		}
		s.resources[logical] = body
	}
}

// serverless runs the transform of the serverless application model.
func (s *stack) serverless(body map[string]any, scope eval.Scope) {
	static := eval.New(scope)
	out := sam.Transform(s.sections["Resources"], s.sections["Globals"], sam.Options{
		Known: func(v any) (string, bool) {
			text := static.Text("", v)
			return text, !eval.Undecided(text)
		},
		Template: body,
	})
	s.sections["Resources"], s.generated = out.Resources, out.From
	if rewritten, ok := out.Rewrite(s.sections["Outputs"]).(map[string]any); ok {
		s.sections["Outputs"] = rewritten
	}
	for _, n := range out.NotExpanded {
		s.unread("Resources/"+n.Logical, n.Reason, n.Hides)
	}
}
