package describe

import (
	_ "embed"
	"slices"
	"strings"
	"unicode"

	"example.com/landfall/internal/cloud"
)

//go:embed operations.txt
var operations string

// command is one line of operations.txt.
type command struct {
	service, name string
	// path leads to the elements, leg by leg; no legs means the whole output.
	path []leg
	// wrap is the member under which a plain text is put.
	wrap    string
	kind    cloud.Kind // "" where the element itself says its kind
	members []string
}

// leg is one step of a path.
type leg struct {
	name string
	list bool
}

// title is how the AWS documentation writes the operation.
func (o *command) title() string { return apiName(o.service) + ":" + o.name }

// apiName is the service's name in IAM actions where the AWS CLI has another.
func apiName(service string) string {
	switch service {
	case "s3api":
		return "s3"
	case "elbv2", "elb":
		return "elasticloadbalancing"
	case "configservice":
		return "config"
	case "stepfunctions":
		return "states"
	case "resourcegroupstaggingapi":
		return "tag"
	case "efs":
		return "elasticfilesystem"
	case "apigatewayv2":
		return "apigateway"
	case "opensearch":
		return "es"
	case "mq":
		return "mq"
	}
	return service
}

// table is all operations, by what they are looked up with.
type table struct {
	all []*command
	// byMember are those whose elements lie under that member of the output.
	byMember map[string][]*command
	// whole are those whose output is the element.
	whole []*command
	// byName are those of an operation's name, lower case.
	byName   map[string][]*command
	services []string
}

func readTable() *table {
	t := &table{byMember: map[string][]*command{}, byName: map[string][]*command{}}
	for line := range strings.Lines(operations) {
		fields := strings.Fields(line)
		if len(fields) != 5 || strings.HasPrefix(line, "#") {
			continue
		}
		o := &command{service: fields[0], name: fields[1], members: strings.Split(fields[4], ",")}
		if fields[3] != "-" {
			o.kind = cloud.Kind(fields[3])
		}
		o.path, o.wrap = readPath(fields[2])
		t.add(o)
	}
	slices.Sort(t.services)
	t.services = slices.Compact(t.services)
	return t
}

func readPath(text string) (path []leg, wrap string) {
	text, wrap, _ = strings.Cut(text, "=")
	for name := range strings.SplitSeq(text, ".") {
		if name == "" {
			continue
		}
		plain, list := strings.CutSuffix(name, "[]")
		path = append(path, leg{plain, list})
	}
	return path, wrap
}

func (t *table) add(o *command) {
	t.all = append(t.all, o)
	t.services = append(t.services, o.service)
	name := strings.ToLower(o.name)
	t.byName[name] = append(t.byName[name], o)
	if len(o.path) == 0 {
		t.whole = append(t.whole, o)
		return
	}
	t.byMember[o.path[0].name] = append(t.byMember[o.path[0].name], o)
}

// fits reports whether an object has the members of the operation's elements.
func (o *command) fits(object map[string]any) bool {
	for _, name := range o.members {
		if _, ok := object[name]; !ok {
			return false
		}
	}
	return true
}

// named is what the name of a file says.
type named struct {
	service   string // "" if it does not say
	operation string // "describeinstances", "" if it does not say
	// command is the operation as it is written: "describe-instances".
	command string
}

// nameOf takes service and operation from a path: "ec2-describe-instances.json",
// "rds/describe-db-instances.json", "us-east-1_ec2_describe_instances_1.json",
// "DescribeInstances.json".
func (t *table) nameOf(path string) named {
	parts := strings.Split(strings.ReplaceAll(path, `\`, "/"), "/")
	file := parts[len(parts)-1]
	file, _, _ = strings.Cut(file, ".")
	words := wordsOf(file)
	var n named
	for i, word := range words {
		if !isVerb(word) {
			continue
		}
		// The longest known operation; what follows it is a number, a name, a
		// region.
		for end := len(words); end > i+1; end-- {
			name := strings.Join(words[i:end], "")
			if n.operation == "" && t.byName[name] != nil {
				n.operation, n.command = name, strings.Join(words[i:end], "-")
			}
		}
		if n.command == "" {
			n.command = strings.Join(words[i:], "-")
		}
		n.service = t.serviceIn(words[:i])
		break
	}
	for i := len(parts) - 2; i >= 0 && n.service == ""; i-- {
		n.service = t.serviceIn(wordsOf(parts[i]))
	}
	return n
}

// serviceIn returns the service that words end with: "us", "east", "1", "ec2".
func (t *table) serviceIn(words []string) string {
	for i := range words {
		name := strings.Join(words[i:], "-")
		for _, service := range []string{name, strings.ReplaceAll(name, "-", "")} {
			switch service {
			case "s3":
				return "s3api"
			case "config":
				return "configservice"
			case "cognito":
				return "cognito-idp"
			case "states", "sfn":
				return "stepfunctions"
			case "eventbridge":
				return "events"
			case "tagging":
				return "resourcegroupstaggingapi"
			}
			if slices.Contains(t.services, service) {
				return service
			}
		}
	}
	return ""
}

func isVerb(word string) bool {
	switch word {
	case "describe", "list", "get", "batch", "search":
		return true
	}
	return false
}

// wordsOf splits a name at everything that is no letter or digit, and where a
// small letter is followed by a capital one.
func wordsOf(name string) []string {
	var words []string
	var word strings.Builder
	end := func() {
		if word.Len() > 0 {
			words = append(words, strings.ToLower(word.String()))
			word.Reset()
		}
	}
	before := ' '
	for _, c := range name {
		if !unicode.IsLetter(c) && !unicode.IsDigit(c) || unicode.IsUpper(c) && unicode.IsLower(before) {
			end()
		}
		if unicode.IsLetter(c) || unicode.IsDigit(c) {
			word.WriteRune(c)
		}
		before = c
	}
	end()
	return words
}

// choose returns the operation whose element an object is, of those that are
// possible; nil if none or several of different kinds are.
func choose(candidates []*command, n named, object map[string]any) *command {
	var best *command
	tie := false
	for _, o := range candidates {
		if !o.fits(object) {
			continue
		}
		switch {
		case best == nil || o.rank(n) > best.rank(n):
			best, tie = o, false
		case o.rank(n) == best.rank(n) && o.kind != best.kind:
			tie = true
		}
	}
	if tie {
		return nil
	}
	if best == nil && object != nil {
		best = only(candidates, n, object)
	}
	return best
}

// rank puts what the file's name says before how much of the element is known.
func (o *command) rank(n named) int {
	rank := len(o.members)
	if o.service == n.service {
		rank += 100
	}
	if strings.EqualFold(o.name, n.operation) {
		rank += 10
	}
	return rank
}

// only accepts an element that lacks members (a --query left them out, or an
// old API did not have them), if what identifies it is there and the name of
// the list or of the file allows one kind.
func only(candidates []*command, n named, object map[string]any) *command {
	var found *command
	for _, o := range candidates {
		if n.operation != "" && !strings.EqualFold(o.name, n.operation) || n.service != "" && o.service != n.service {
			continue
		}
		if _, ok := object[o.members[0]]; !ok {
			continue
		}
		if found != nil && found.kind != o.kind {
			return nil
		}
		found = o
	}
	return found
}

// Recognises reports whether a text with these members at its top, or a file
// of this name, is an output of the AWS CLI.
func (s *Set) Recognises(name string, members []string) bool {
	for _, member := range members {
		if s.table.byMember[member] != nil && member != "Tags" && member != "Attributes" {
			return true
		}
	}
	return s.Names(name)
}

// Names reports whether a file is named after a command of the AWS CLI.
func (s *Set) Names(name string) bool {
	n := s.table.nameOf(name)
	return n.operation != "" || bucketOf(name, n) != ""
}

// Commands reports whether a file is named like a command that reads, also one
// that gives no resource ("describe-target-health.json").
func (s *Set) Commands(name string) bool { return s.table.nameOf(name).command != "" }

// Elements reports whether an object with these members is an element of an
// output, as it stands in the list that --query makes.
func (s *Set) Elements(members []string) bool {
	object := map[string]any{}
	for _, name := range members {
		object[name] = nil
	}
	for _, o := range append(s.table.elements(), s.table.whole...) {
		if o.fits(object) {
			return true
		}
	}
	return false
}

// Failed reports whether a text is what a failed command left behind.
func Failed(head []byte) bool {
	_, _, found := failed(head)
	return found
}
