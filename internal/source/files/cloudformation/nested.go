package cloudformation

import (
	"path"
	"strconv"
	"strings"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/source/files/cloudformation/eval"
)

const nestedKind = "AWS::CloudFormation::Stack"

// nestedNames are the resources that are stacks, in order.
func (s *stack) nestedNames() []string {
	var out []string
	for _, logical := range sortedKeys(s.resources) {
		if s.kind(logical) == nestedKind {
			out = append(out, logical)
		}
	}
	return out
}

// child returns the nested stack that a resource is; nil if its template is
// not there, or if it is asked for while it is being built.
func (s *stack) child(logical string) *stack {
	if c, ok := s.children[logical]; ok {
		return c
	}
	s.children[logical] = nil // an output that needs itself ends here
	if s.kind(logical) != nestedKind {
		return nil
	}
	doc := s.nestedDocument(logical)
	if doc == nil {
		return nil
	}
	properties, _ := s.resources[logical]["Properties"].(map[string]any)
	at := "Resources/" + logical + "/Properties/Parameters"
	given := map[string]any{}
	if raw, ok := properties["Parameters"]; ok {
		value, _ := s.eval.Fork().Value(at, raw)
		given, _ = value.(map[string]any)
	}
	c := &stack{run: s.run, name: s.childName(logical), doc: doc, parent: s, logical: logical, depth: s.depth + 1, doubt: s.doubt || s.truth(logical) != eval.True}
	s.children[logical] = c
	c.build(given)
	return c
}

// childName follows the names that CloudFormation gives to nested stacks,
// without their random end.
func (s *stack) childName(logical string) string {
	name := s.name + "-" + clean(logical)
	for n := 2; s.run.docs[name] != nil; n++ {
		name = s.name + "-" + clean(logical) + "-" + strconv.Itoa(n)
	}
	return name
}

// nestedDocument finds the template of a nested stack, or says why not.
func (s *stack) nestedDocument(logical string) *document {
	at := "Resources/" + logical
	hides := "all resources of the nested stack " + s.name + "-" + logical
	location := s.location(logical)
	if location == "" {
		s.unread(at, "the nested stack names no template that can be looked for", hides)
		return nil
	}
	doc := s.assetDocument(logical)
	if doc == nil {
		doc = s.run.library.locate(s.doc.name, location)
	}
	switch {
	case doc == nil:
		s.unread(at, "the nested template "+strconv.Quote(location)+" is not beside "+path.Base(s.doc.name), hides)
		return nil
	case s.run.usable(doc) != nil:
		s.refuse(at, "the nested template "+strconv.Quote(doc.name)+" cannot be read: "+oneLine(s.run.usable(doc)))
		return nil
	case s.nests(doc), s.depth+1 > maxNesting, s.run.built >= maxStacks:
		s.unread(at, "the nested template "+strconv.Quote(doc.name)+" nests itself, or stacks are nested deeper than "+strconv.Itoa(maxNesting)+" or are more than "+strconv.Itoa(maxStacks), hides)
		return nil
	}
	return doc
}

// nests reports whether the document is this stack's or that of one above it.
func (s *stack) nests(doc *document) bool {
	for at := s; at != nil; at = at.parent {
		if at.doc.sum == doc.sum {
			return true
		}
	}
	return false
}

func oneLine(err error) string {
	if f := fault.HintOf(err); f != "" {
		return err.Error() + " (" + f + ")"
	}
	return err.Error()
}

// location is where the template of a nested stack is said to be.
func (s *stack) location(logical string) string {
	properties, _ := s.resources[logical]["Properties"].(map[string]any)
	raw, ok := properties["TemplateURL"]
	if !ok {
		return ""
	}
	return s.eval.Fork().Text("Resources/"+logical+"/Properties/TemplateURL", raw)
}

// assetDocument follows what the CDK notes beside a nested stack: the name of
// the file in its output folder that the hash in the address stands for.
func (s *stack) assetDocument(logical string) *document {
	metadata, _ := s.resources[logical]["Metadata"].(map[string]any)
	file, _ := metadata["aws:asset:path"].(string)
	if file == "" || path.IsAbs(file) {
		return nil
	}
	return s.run.library.get(path.Join(path.Dir(path.Clean(s.doc.name)), file))
}

// attribute resolves an output of a nested stack through to what it stands
// for there.
func (s *stack) attribute(logical, attribute string) (any, bool) {
	output, ok := strings.CutPrefix(attribute, "Outputs.")
	if !ok || s.kind(logical) != nestedKind || s.eval == nil {
		return nil, false
	}
	c := s.child(logical)
	if c == nil {
		return nil, false
	}
	return c.output(output)
}

// output evaluates an output of the stack.
func (s *stack) output(name string) (any, bool) {
	if v, ok := s.outputs[name]; ok {
		return v, true
	}
	body, ok := s.sections["Outputs"][name].(map[string]any)
	if !ok || s.computing[name] || s.eval == nil {
		return nil, false
	}
	s.computing[name] = true
	defer delete(s.computing, name)
	// An evaluator of its own: the stack's may be in the middle of a value.
	value, _ := s.eval.Fork().Value("Outputs/"+name+"/Value", body["Value"])
	s.outputs[name] = value
	return value, true
}

// exportNames returns the outputs by the name under which they are exported.
func (s *stack) exportNames() map[string]string {
	out := map[string]string{}
	for _, name := range sortedKeys(s.sections["Outputs"]) {
		body, _ := s.sections["Outputs"][name].(map[string]any)
		export, ok := body["Export"].(map[string]any)
		if !ok {
			continue
		}
		if text := s.eval.Fork().Text("Outputs/"+name+"/Export/Name", export["Name"]); text != "" {
			out[text] = name
		}
	}
	return out
}

// truth decides the condition of a resource; without one it is true.
func (s *stack) truth(logical string) eval.Truth {
	condition, ok := s.resources[logical]["Condition"]
	if !ok || condition == nil {
		return eval.True
	}
	return s.eval.Fork().Decide("Resources/"+logical+"/Condition", condition)
}
