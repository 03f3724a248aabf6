package iac

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/fault"
)

// stack is a design in the form that the printers need.
type stack struct {
	design *design.Design
	items  []*item
	byID   map[string]*item
	params map[string]design.Parameter
	// spelt are the words of a parameter's name in code.
	spelt map[string][]string
	// roleName returns the name of a built-in role.
	roleName func(guid string) string
	// tiers in the order of deployment, empty ones left out.
	tiers []*tier
}

// item is one resource.
type item struct {
	*design.Resource
	// words are the parts of its name in code, in lower case.
	words []string
	tier  *tier
	// parent and scope are resources of the design, nil when they are none.
	parent, scope *item
	// last is the name without those of its parents, own the id of the resource
	// group, subscription or resource that it stands in.
	last  string
	home  home
	needs []*item
	// notes are comments: what it stands for, and gaps.
	notes []string
}

// home is where a resource stands.
type home struct {
	// group is "" for the subscription itself.
	subscription, group string
	// own says that it is the design's own resource group.
	own bool
}

// name is what files and modules are called after.
func (h home) name() string {
	switch {
	case h.own:
		return ""
	case h.group == "":
		return "subscription"
	}
	return strings.Join(splitWords(h.group), "-")
}

func newStack(d *design.Design) (*stack, error) {
	s := &stack{design: d, byID: map[string]*item{}, params: map[string]design.Parameter{}}
	for _, p := range d.Parameters {
		s.params[p.Name] = p
	}
	for i := range d.Resources {
		r := &d.Resources[i]
		it := &item{Resource: r}
		if r.Type == "" || r.APIVersion == "" || r.Name == "" || s.byID[key(r.ID)] != nil {
			return nil, fault.Newf(fault.Internal, "print resource %q: type, version and name are needed, and ids are unique", r.ID)
		}
		s.byID[key(r.ID)] = it
		s.items = append(s.items, it)
	}
	named := false
	for _, it := range s.items {
		if err := s.place(it); err != nil {
			return nil, err
		}
		named = named || isAssigned(it)
	}
	if named {
		facts, err := catalog.Load()
		if err != nil {
			return nil, fault.Of(fault.Internal, "read catalogue for design of", d.Workload, err)
		}
		s.roleName = func(guid string) string {
			role, _ := facts.Role(guid)
			return role.Name
		}
	}
	s.spellParameters()
	s.nameAll()
	s.annotate()
	s.cut()
	return s, nil
}

func key(id cloud.ResourceID) string { return strings.ToLower(string(id)) }

// place reads from the id where a resource stands.
func (s *stack) place(it *item) error {
	scope, kind, names, ok := splitID(string(it.ID))
	if !ok || len(names) == 0 {
		return fault.Newf(fault.Internal, "print resource %q: its id has no provider, type and name", it.ID)
	}
	it.last = names[len(names)-1]
	if len(names) > 1 {
		it.parent = s.byID[strings.ToLower(scope+"/providers/"+pairs(kind, names[:len(names)-1]))]
	}
	if _, _, _, extension := splitID(scope); extension {
		it.scope = s.byID[strings.ToLower(scope)]
	}
	it.home = s.homeOf(string(it.ID))
	for _, id := range it.DependsOn {
		if need := s.byID[key(id)]; need != nil && need != it {
			it.needs = append(it.needs, need)
		}
	}
	for _, need := range []*item{it.parent, it.scope} {
		if need != nil && !slices.Contains(it.needs, need) {
			it.needs = append(it.needs, need)
		}
	}
	slices.SortFunc(it.needs, func(a, b *item) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return nil
}

func (s *stack) homeOf(id string) home {
	parts := strings.Split(strings.TrimPrefix(id, "/"), "/")
	var h home
	if len(parts) > 1 && strings.EqualFold(parts[0], "subscriptions") {
		h.subscription = parts[1]
	}
	if len(parts) > 3 && strings.EqualFold(parts[2], "resourceGroups") {
		h.group = parts[3]
	}
	h.own = strings.EqualFold(h.subscription, string(s.design.Place.Subscription)) && strings.EqualFold(h.group, s.design.Place.Group)
	return h
}

// splitID cuts an id into the scope it stands in, its type and its names.
func splitID(id string) (scope, kind string, names []string, ok bool) {
	at := strings.LastIndex(strings.ToLower(id), "/providers/")
	if at < 0 {
		return "", "", nil, false
	}
	parts := strings.Split(id[at+len("/providers/"):], "/")
	if len(parts) < 3 || len(parts)%2 == 0 || slices.Contains(parts, "") {
		return "", "", nil, false
	}
	kind = parts[0]
	for i := 1; i < len(parts); i += 2 {
		kind += "/" + parts[i]
		names = append(names, parts[i+1])
	}
	return id[:at], kind, names, true
}

// pairs is the inverse: "Microsoft.X/a/b" and [n m] give "Microsoft.X/a/n/b/m".
func pairs(kind string, names []string) string {
	types := strings.Split(kind, "/")
	out := types[0]
	for i, name := range names {
		out += "/" + types[i+1] + "/" + name
	}
	return out
}

// nameAll gives every resource a name in code that stays the same in every
// place: the resource's own name without the suffix; where two share it, the
// type's last part is added, then a number.
func (s *stack) nameAll() {
	count := map[string]int{}
	for _, it := range s.items {
		it.words = s.plainWords(it)
		count[camel(it.words)]++
	}
	taken := map[string]bool{}
	for _, word := range strings.Fields(reservedWords) {
		taken[word] = true
	}
	for _, words := range s.spelt {
		taken[camel(words)] = true
	}
	for _, it := range s.items {
		if count[camel(it.words)] > 1 || taken[camel(it.words)] {
			it.words = append(slices.Clone(it.words), splitWords(lastOf(string(it.Type)))...)
		}
		base := it.words
		for n := 2; taken[camel(it.words)]; n++ {
			it.words = append(slices.Clone(base), "n"+fmt.Sprint(n))
		}
		taken[camel(it.words)], taken[camel(it.words)+"Id"] = true, true
	}
}

// spellParameters gives every parameter a name that Bicep and Terraform take
// and that means nothing else to them.
func (s *stack) spellParameters() {
	s.spelt = map[string][]string{}
	taken := map[string]bool{}
	for _, word := range strings.Fields(reservedWords) {
		taken[word] = true
	}
	for _, name := range slices.Sorted(maps.Keys(s.params)) {
		words := splitWords(name)
		if len(words) == 0 || !isLetter(words[0][0]) || taken[camel(words)] {
			words = append([]string{"value"}, words...)
		}
		base := words
		for n := 2; taken[camel(words)]; n++ {
			words = append(slices.Clone(base), "n"+fmt.Sprint(n))
		}
		taken[camel(words)] = true
		s.spelt[name] = words
	}
}

// reservedWords mean something in Bicep or Terraform, or are names that the
// printed modules use themselves.
const reservedWords = "targetScope metadata param var resource module output type func import using existing for if in null true false any array bool int object string az sys assert extension provider with " +
	"location suffix environmentName assignments group subscription tenant deployment environment deployer resourceGroup resourceId resourceGroupId network identity data compute edge operations " +
	"count each self path terraform local lifecycle providers variable locals moved check source version forEach dependsOn subscriptionId resourceGroupName"

// plainWords are those of the name; a name that is a GUID says nothing, so
// that type and scope stand for it.
func (s *stack) plainWords(it *item) []string {
	name := it.Name
	if isGUID(name) {
		name = s.labelOf(it)
	} else if it.scope != nil || it.Scope != "" && !strings.EqualFold(string(it.Scope), string(s.design.Place.GroupID())) {
		name = it.scopeName(s) + "-" + name
	}
	if suffix := s.design.Place.Suffix; suffix != "" {
		name = strings.ReplaceAll(name, suffix, "")
	}
	words := splitWords(name)
	if len(words) == 0 || !isLetter(words[0][0]) {
		words = append(splitWords(lastOf(string(it.Type))), words...)
	}
	return words
}

func (it *item) scopeName(s *stack) string {
	if it.Scope == "" || strings.EqualFold(string(it.Scope), string(s.design.Place.GroupID())) {
		return "group"
	}
	if h := s.homeOf(string(it.Scope)); h.group == "" {
		return "subscription"
	}
	_, _, names, _ := splitID(string(it.Scope))
	return strings.Join(names, "-")
}

// labelOf says in words what a resource is whose name is a GUID: a definition
// by the name that people see, an assignment by scope, holder and role.
func (s *stack) labelOf(it *item) string {
	properties, _ := it.Body["properties"].(map[string]any)
	label := strings.TrimSuffix(lastOf(string(it.Type)), "s")
	if name, _ := properties["roleName"].(string); name != "" {
		return label + "-" + name
	}
	label += "-" + it.scopeName(s)
	for _, member := range []string{"principalId", "roleDefinitionId"} {
		text, _ := properties[member].(string)
		parts := s.parts(text)
		switch role := lastOf(text); {
		case len(parts) == 1 && parts[0].item != nil && parts[0].item != it:
			other := parts[0].item
			if isGUID(other.Name) {
				label += "-" + strings.TrimPrefix(s.labelOf(other), "roleDefinition-")
			} else {
				label += "-" + lastOf(other.Name)
			}
		case member == "roleDefinitionId" && isGUID(role) && s.roleName != nil && s.roleName(role) != "":
			label += "-" + s.roleName(role)
		case member == "roleDefinitionId" && isGUID(role):
			label += "-" + role[:8]
		}
	}
	return label
}

func sortedNames(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }

func lastOf(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

func isGUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if dash := i == 8 || i == 13 || i == 18 || i == 23; dash != (c == '-') || !dash && !strings.ContainsRune("0123456789abcdefABCDEF", rune(c)) {
			return false
		}
	}
	return true
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// splitWords gives the runs of ASCII letters and digits, in lower case; a
// capital behind a small letter begins a new word.
func splitWords(name string) []string {
	var words []string
	var word []byte
	flush := func() {
		if len(word) > 0 {
			words = append(words, strings.ToLower(string(word)))
		}
		word = nil
	}
	for i := range len(name) {
		c := name[i]
		switch {
		case !isLetter(c) && !isDigit(c):
			flush()
			continue
		case c >= 'A' && c <= 'Z' && i > 0 && name[i-1] >= 'a' && name[i-1] <= 'z':
			flush()
		}
		word = append(word, c)
	}
	flush()
	return words
}

// annotate collects what the comments say: the source resources that a target
// stands for, and their gaps that are not low.
func (s *stack) annotate() {
	for i := range s.design.Decisions {
		d := &s.design.Decisions[i]
		for n, id := range d.Targets {
			it := s.byID[key(id)]
			if it == nil {
				continue
			}
			it.notes = append(it.notes, fmt.Sprintf("%s %s", d.Kind, oneLine(d.Name)))
			if n > 0 {
				continue // the first target carries the gaps
			}
			for _, g := range d.Gaps {
				if g.Severity == design.Low {
					continue
				}
				note := fmt.Sprintf("Gap %s (%s): %s", g.ID, g.Severity, oneLine(g.Title))
				if g.At != "" {
					note += " [" + oneLine(g.At) + "]"
				}
				it.notes = append(it.notes, note)
			}
		}
	}
	for _, it := range s.items {
		it.notes = slices.Compact(it.notes)
	}
}

// oneLine is text for a comment: it cannot end one or begin another, and no
// backslash at its end takes the next line into it.
func oneLine(text string) string {
	words := strings.FieldsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 })
	line := strings.NewReplacer("/*", "/ *", "*/", "* /").Replace(strings.Join(words, " "))
	return strings.TrimRight(line, `\ `)
}
