package pipeline

import (
	"bytes"
	"embed"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/fault"
)

//go:embed templates
var templates embed.FS

// Options say where the pipelines deliver to.
type Options struct {
	Environments []Environment
	// Format is "bicep" or "terraform"; "" is bicep.
	Format string
	// Code is the folder of the infrastructure code in the checkout; "" is "iac".
	Code string
}

// Environment is a place that pipelines deliver to. Production waits for a
// person.
type Environment struct {
	design.Environment
	Production bool
}

// Write returns new files below "pipelines", and what a person has to know. files
// are those of the checkout by their paths. Without a pipeline in it there is
// nothing to stand beside: the scripts are written, and a finding says so.
func Write(files map[string][]byte, d *design.Design, o Options) ([]design.File, []design.Finding, error) {
	pipelines := scan(files)
	x := newDelivery(files, d, o, pipelines)
	w := &writer{delivery: x, labels: map[string]bool{}}
	w.file("deliver.sh", "deliver.sh.tmpl", x)
	w.file("parity.sh", "parity.sh.tmpl", x)
	w.file("parity.paths", "parity.paths.tmpl", x)
	for _, env := range x.Environments {
		w.file("environments/"+env.Name+".env", "environment.env.tmpl", env)
	}
	var beside []found
	for _, p := range pipelines {
		if p.delivers() {
			beside = append(beside, p)
		}
	}
	for _, p := range beside {
		w.beside(p, files[p.path], len(beside))
	}
	w.file("README.md", "README.md.tmpl", guide{x, beside})
	if w.err != nil {
		return nil, nil, w.err
	}
	slices.SortFunc(w.files, func(a, b design.File) int { return strings.Compare(a.Path, b.Path) })
	return w.files, findings(pipelines, x, files), nil
}

// guide is what the README tells of.
type guide struct {
	*delivery
	Pipelines []found
}

type writer struct {
	delivery *delivery
	files    []design.File
	labels   map[string]bool
	err      error
}

// label names the files beside a pipeline after its own file, or after its
// whole path when another one of the system is called so.
func (w *writer) label(p found) string {
	whole := strings.TrimSuffix(strings.TrimSuffix(p.path, ".yml"), ".yaml")
	name := plain(whole[strings.LastIndexByte(whole, '/')+1:])
	for i := 2; w.labels[string(p.system)+" "+name]; i++ {
		if name = plain(whole); w.labels[string(p.system)+" "+name] {
			name += "-" + strconv.Itoa(i)
		}
	}
	w.labels[string(p.system)+" "+name] = true
	return name
}

// beside writes the two pipelines that stand beside one of the checkout.
func (w *writer) beside(p found, content []byte, delivering int) {
	label := w.label(p)
	data := newSingle(w.delivery, p, string(content), delivering)
	add := func(name string, patch []byte) {
		if patch != nil {
			w.files = append(w.files, design.File{Path: "pipelines/" + name, Content: patch})
		}
	}
	switch p.system {
	case github:
		w.file("github/"+label+"-azure.yml", "github-dual.yml.tmpl", data)
		w.file("github/"+label+"-azure-only.yml", "github-single.yml.tmpl", data)
		add("github/"+label+".patch", handOver(p, string(content)))
	case gitlab:
		w.file("gitlab/"+label+"-azure.yml", "gitlab-dual.yml.tmpl", data)
		w.file("gitlab/"+label+"-azure-only.yml", "gitlab-single.yml.tmpl", data)
		add("gitlab/"+label+".patch", include(p.path, string(content), w.delivery.Code+"/pipelines/gitlab/"+label+"-azure.yml"))
	case codebuild:
		w.file("codebuild/"+label+"-azure.yml", "buildspec-dual.yml.tmpl", data)
		w.file("codebuild/"+label+"-azure-only.yml", "buildspec-single.yml.tmpl", data)
		w.file("codebuild/"+label+"-stages.yml", "stages.yml.tmpl", data)
	case jenkins:
		w.file("jenkins/"+label+"-azure", "jenkins-dual.tmpl", data)
		w.file("jenkins/"+label+"-azure-only", "jenkins-single.tmpl", data)
	}
}

func (w *writer) file(name, from string, data any) {
	if w.err != nil {
		return
	}
	functions := template.FuncMap{"quote": quote, "steps": func(p found) []step { return p.steps },
		"path": func(p found) string { return p.path }, "what": func(s step) string { return string(s.what) }, "words": words, "list": list}
	t, err := template.New(from).Delims("[[", "]]").Funcs(functions).Option("missingkey=error").ParseFS(templates, "templates/*.tmpl")
	if err != nil {
		w.err = fault.Of(fault.Internal, "read template", from, err)
		return
	}
	var out bytes.Buffer
	if err := t.ExecuteTemplate(&out, from, data); err != nil {
		w.err = fault.Of(fault.Internal, "print pipeline", name, err)
		return
	}
	w.files = append(w.files, design.File{Path: "pipelines/" + name, Content: out.Bytes()})
}

// quote writes a text as YAML and Groovy both read it: single quotes cannot
// hold what the checkout calls its things in every case, double quotes can.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", " ", "\r", " ", "\t", " ", "$", `\x24`).Replace(printable(s)) + `"`
}

// list writes texts as a list of YAML in one line.
func list(texts []string) string {
	out := make([]string, len(texts))
	for i, text := range texts {
		out[i] = quote(text)
	}
	return "[" + strings.Join(out, ", ") + "]"
}

// words is text for a comment or a table.
func words(s string) string {
	return strings.NewReplacer("|", "\\|", "`", "'").Replace(printable(s))
}

func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 {
			return ' '
		}
		return r
	}, s)
}

// include is the patch that makes GitLab read a second file, below the include
// that is there or with one of its own. A person applies it. It is nil when the
// include that is there has a form to which no line can be added.
func include(name, content, added string) []byte {
	lines := strings.Split(strings.TrimSuffix(content, "\n"), "\n")
	if content == "" {
		lines = nil
	}
	at, more := 0, []string{"include:", "  - local: " + added}
	if i := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, "include:") }); i >= 0 {
		if strings.TrimSpace(strings.TrimPrefix(lines[i], "include:")) != "" || i+1 >= len(lines) || !strings.HasPrefix(strings.TrimSpace(lines[i+1]), "- ") {
			return nil
		}
		indent, _, _ := strings.Cut(lines[i+1], "- ")
		at, more = i+1, []string{indent + "- local: " + added}
	}
	return patch(name, content, at, more)
}
