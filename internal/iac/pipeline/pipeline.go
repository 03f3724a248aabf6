package pipeline

import (
	"bytes"
	"embed"
	"fmt"
	"slices"
	"strings"
	"text/template"

	"example.com/landfall/internal/cloud"
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
	w := &writer{delivery: x}
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
		w.beside(p, files[p.path])
	}
	w.file("README.md", "README.md.tmpl", guide{x, beside})
	if w.err != nil {
		return nil, nil, w.err
	}
	slices.SortFunc(w.files, func(a, b design.File) int { return strings.Compare(a.Path, b.Path) })
	return w.files, findings(pipelines, x), nil
}

// guide is what the README tells of.
type guide struct {
	*delivery
	Pipelines []found
}

type writer struct {
	delivery *delivery
	files    []design.File
	err      error
}

// single is one pipeline that a template stands beside.
type single struct {
	*delivery
	found
}

// Path, Name, Branches and Jobs are what the templates need of it.
func (s single) Path() string { return s.path }

// Name is what other pipelines know it by.
func (s single) Name() string { return s.name }

// Branches are what it runs for.
func (s single) Branches() []string { return s.branches }

// Jobs are those that deliver to AWS.
func (s single) Jobs() []string { return s.jobs }

// beside writes the two pipelines that stand beside one of the checkout.
func (w *writer) beside(p found, content []byte) {
	label := plain(strings.TrimSuffix(strings.TrimSuffix(p.path[strings.LastIndexByte(p.path, '/')+1:], ".yml"), ".yaml"))
	data := single{w.delivery, p}
	switch p.system {
	case github:
		w.file("github/"+label+"-azure.yml", "github-dual.yml.tmpl", data)
		w.file("github/"+label+"-azure-only.yml", "github-single.yml.tmpl", data)
	case gitlab:
		w.file("gitlab/"+label+"-azure.yml", "gitlab-dual.yml.tmpl", data)
		w.file("gitlab/"+label+"-azure-only.yml", "gitlab-single.yml.tmpl", data)
		if patch := include(p.path, string(content), w.delivery.Code+"/pipelines/gitlab/"+label+"-azure.yml"); patch != nil {
			w.files = append(w.files, design.File{Path: "pipelines/gitlab/" + label + ".patch", Content: patch})
		}
	case codebuild:
		w.file("codebuild/"+label+"-azure.yml", "buildspec-dual.yml.tmpl", data)
		w.file("codebuild/"+label+"-azure-only.yml", "buildspec-single.yml.tmpl", data)
	case jenkins:
		w.file("jenkins/"+label+"-azure", "jenkins-dual.tmpl", data)
		w.file("jenkins/"+label+"-azure-only", "jenkins-single.tmpl", data)
	}
}

func (w *writer) file(name, from string, data any) {
	if w.err != nil {
		return
	}
	functions := template.FuncMap{"quote": quote, "join": strings.Join, "steps": func(p found) []step { return p.steps },
		"path": func(p found) string { return p.path }, "what": func(s step) string { return string(s.what) }, "words": words, "before": func(i int) int { return i - 1 }}
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

// findings are what the files cannot say.
func findings(pipelines []found, x *delivery) []design.Finding {
	var out []design.Finding
	add := func(id string, severity design.Severity, text, do string) {
		out = append(out, design.Finding{ID: "pipeline." + id, Severity: severity, Text: text, Do: do, About: []cloud.ResourceID{}})
	}
	delivering := 0
	for _, p := range pipelines {
		if p.delivers() {
			delivering++
		}
		if p.does(keys) {
			add("keys."+p.path, design.Medium, p.path+" logs in to AWS with stored keys", "let it assume a role with its own token; the Azure pipelines store no key")
		}
		for _, s := range p.steps {
			switch s.what {
			case other:
				add("step."+p.place(s), design.Medium, fmt.Sprintf("%s calls %q, which has no counterpart in the delivery to Azure", p.place(s), s.text), "decide whether the workload needs it at Azure, and add it to deliver.sh")
			case infrastructure:
				add("infrastructure."+p.place(s), design.Low, fmt.Sprintf("%s makes the infrastructure with %q; at Azure the code below %s does", p.place(s), s.text, x.Code), "keep changing both while both run")
			case site:
				if s.folder == "" || accountOfSite(x, s.folder) == "" {
					add("site."+p.place(s), design.Medium, p.place(s)+" copies files into a bucket whose name is only known while it runs", "set SITE_ACCOUNT in the environment's file to the storage account")
				}
			}
		}
	}
	if delivering == 0 {
		add("none", design.Low, fmt.Sprintf("%d pipelines were found, none of which delivers to AWS", len(pipelines)), "call deliver.sh from wherever the workload is delivered")
	}
	for _, a := range x.Apps {
		if a.Image == "" {
			add("image."+a.Name, design.Medium, "no Dockerfile of the checkout is called like container app "+a.Name, "name the image in deliver.sh")
		}
	}
	if len(x.Functions) > 0 {
		add("functions", design.Medium, "function code has to follow the programming model of Azure Functions before it can be delivered", "change handlers and triggers, then let the build put one package per function app into $ARTIFACTS")
	}
	slices.SortFunc(out, func(a, b design.Finding) int { return strings.Compare(a.ID, b.ID) })
	return slices.CompactFunc(out, func(a, b design.Finding) bool { return a.ID == b.ID })
}

func accountOfSite(x *delivery, folder string) string {
	for _, w := range x.Sites {
		if w.Folder == folder {
			return w.Account
		}
	}
	return ""
}
