package pipeline

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// expression is one expression of a workflow.
var expression = regexp.MustCompile(`\$\{\{(.*?)\}\}`)

// carried are the contexts that mean the same in a workflow of another shape.
var carried = regexp.MustCompile(`^\s*(github|secrets|vars|runner)\.[A-Za-z0-9_.-]+\s*$`)

// jobOf is one job of a workflow.
type jobOf struct {
	name  string
	needs []string
	steps []*yaml.Node
}

// jobsOf reads the jobs of a workflow in their order; none when it cannot be
// read.
func jobsOf(content string) []jobOf {
	var root yaml.Node
	if err := yaml.Unmarshal([]byte(content), &root); err != nil || len(root.Content) == 0 {
		return nil
	}
	var out []jobOf
	all := child(root.Content[0], "jobs")
	for i := 0; all != nil && all.Kind == yaml.MappingNode && i+1 < len(all.Content); i += 2 {
		j := jobOf{name: all.Content[i].Value}
		if needs := child(all.Content[i+1], "needs"); needs != nil {
			if needs.Kind == yaml.ScalarNode {
				j.needs = []string{needs.Value}
			}
			for _, n := range needs.Content {
				j.needs = append(j.needs, n.Value)
			}
		}
		if steps := child(all.Content[i+1], "steps"); steps != nil && steps.Kind == yaml.SequenceNode {
			j.steps = steps.Content
		}
		out = append(out, j)
	}
	return out
}

// child returns the value of a key of a mapping, nil without it.
func child(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

func scalar(n *yaml.Node, key string) string {
	if v := child(n, key); v != nil && v.Kind == yaml.ScalarNode {
		return v.Value
	}
	return ""
}

// packs reports whether a step delivers something that was built before it.
func packs(n *yaml.Node) bool { return len((found{steps: stepsOf(scalar(n, "run"))}).built()) > 0 }

// buildSteps are the steps of a workflow that build what it delivers: those of
// the jobs that deliver and of the jobs that these need, without what is about
// AWS or takes its values from a job's surroundings. They are printed as items
// of a list of steps; leftOut are the lines of steps that may build and cannot
// stand in another workflow as they are.
func buildSteps(content string) (text string, leftOut []int) {
	jobs := jobsOf(content)
	wanted := map[string]bool{}
	for _, j := range jobs {
		if slices.ContainsFunc(j.steps, packs) {
			wanted[j.name] = true
		}
	}
	for range jobs { // as often as a chain of needs can be long
		for _, j := range jobs {
			for _, need := range j.needs {
				wanted[need] = wanted[need] || wanted[j.name]
			}
		}
	}
	out := []string{"      - uses: " + checkoutAction + "\n        with:\n          persist-credentials: false\n"}
	for _, j := range jobs {
		for _, step := range j.steps {
			text := printed(step)
			switch {
			case !wanted[j.name] || slices.Contains(out, text):
			case !builds(step):
			case carriable(text):
				out = append(out, text)
			default:
				leftOut = append(leftOut, step.Line)
			}
		}
	}
	return strings.TrimSuffix(strings.Join(out, ""), "\n"), leftOut
}

// checkoutAction is pinned to a commit: a tag can be moved (GitHub Docs,
// "Secure use reference", pin actions to a full-length commit SHA).
const checkoutAction = "actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2"

// carriable reports whether a step takes no value from its surroundings.
func carriable(text string) bool {
	for _, m := range expression.FindAllStringSubmatch(text, -1) {
		if !carried.MatchString(m[1]) {
			return false
		}
	}
	return true
}

// builds reports whether a step may be a part of the build: a command that does
// nothing to AWS and makes no image, or an action that is not about AWS, images
// or files handed over.
func builds(step *yaml.Node) bool {
	uses, run := scalar(step, "uses"), scalar(step, "run")
	name, _, _ := strings.Cut(uses, "@")
	switch {
	case run != "":
		return len(stepsOf(run)) == 0 && !awsCommand.MatchString(strings.ToLower(run)) && !strings.Contains(run, "docker ")
	case name == "actions/checkout", strings.HasSuffix(name, "-artifact"), strings.HasPrefix(name, "aws-actions/"), strings.HasPrefix(name, "docker/"), len(stepsOf(uses)) > 0:
		return false
	}
	return name != ""
}

// printed is a step as an item of a list of steps.
func printed(step *yaml.Node) string {
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if encoder.Encode(step) != nil || encoder.Close() != nil {
		return ""
	}
	var b strings.Builder
	for i, line := range strings.Split(strings.TrimRight(out.String(), "\n"), "\n") {
		switch {
		case i == 0:
			line = "      - " + line
		case line != "":
			line = "        " + line
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}

// handOver is the patch that makes a workflow hand over what it built, before
// the first step that delivers it. A person applies it. It is nil when the step
// is not found, or is written in a form to which no line can be added.
func handOver(p found, content string) []byte {
	for _, j := range jobsOf(content) {
		for _, step := range j.steps {
			if !packs(step) {
				continue
			}
			lines := strings.Split(content, "\n")
			at := step.Line - 1
			if at < 0 || at >= len(lines) {
				return nil
			}
			dash := strings.IndexByte(lines[at], '-')
			if dash < 0 || strings.TrimSpace(lines[at][:dash]) != "" {
				return nil
			}
			return patch(p.path, content, at, uploadLines(lines[at][:dash], p.built()))
		}
	}
	return nil
}

func uploadLines(indent string, paths []string) []string {
	out := []string{
		"- name: Keep the build for Azure", "  shell: bash", "  run: tar --create --gzip --file " + packageArchive + " -- " + strings.Join(paths, " "),
		"- uses: actions/upload-artifact@ea165f8d65b6e75b540449e92b4886f43607fa02 # v4.6.2",
		"  with: {name: " + packageName + ", path: " + packageArchive + ", if-no-files-found: error}",
	}
	for i := range out {
		out[i] = indent + out[i]
	}
	return out
}

// patch adds lines before a line of a file.
func patch(name, content string, at int, more []string) []byte {
	lines := strings.Split(strings.TrimSuffix(content, "\n"), "\n")
	if content == "" {
		lines = nil
	}
	first, last := max(0, at-3), min(len(lines), at+3)
	start := min(first+1, last)
	var b strings.Builder
	fmt.Fprintf(&b, "--- a/%s\n+++ b/%s\n@@ -%d,%d +%d,%d @@\n", name, name, start, last-first, first+1, last-first+len(more))
	for i, line := range lines[first:last] {
		if first+i == at {
			b.WriteString("+" + strings.Join(more, "\n+") + "\n")
		}
		b.WriteString(" " + line + "\n")
	}
	if at == last {
		b.WriteString("+" + strings.Join(more, "\n+") + "\n")
	}
	return []byte(b.String())
}
