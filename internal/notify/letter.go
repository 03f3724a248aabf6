package notify

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"text/template"
	"text/template/parse"
	"unicode"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/fault"
)

// Bounds of texts.
const (
	maxTitle    = 150
	maxBody     = 3000
	maxTemplate = 64 << 10
)

// Fields are what a text of the workspace can use.
type Fields struct {
	// Kind of the message: approval, person, operator, trigger, rollback, run,
	// phase, before, begun, done, failed, worker, ledger or gate.
	Kind string
	// Workload, Run and Step say what it is about; Step may be "".
	Workload, Run, Step string
	// To are the roles it is for.
	To string
	// Title says what is asked, in a few words; Text in full.
	Title, Text string
	// Command is what to say next, or "".
	Command string
}

// letter is a message as it goes out.
type letter struct {
	Fields
	number int64
}

// key is the same each time the message is sent.
func (l letter) key() string { return l.Run + "/" + strconv.FormatInt(l.number, 10) }

// fact is a line of what a message is about.
type fact struct{ name, value string }

// facts stand below every text, also below those of the workspace.
func (l letter) facts() []fact {
	var out []fact
	for _, f := range []fact{{"Workload", l.Workload}, {"Run", l.Run}, {"Step", l.Step}, {"For", l.To}, {"Next", l.Command}} {
		if f.value != "" {
			out = append(out, f)
		}
	}
	return out
}

var kindName = regexp.MustCompile(`^[a-z][a-z-]{0,30}$`)

// letter writes a message. Trouble with a text of the workspace is no reason to
// be silent: the built-in one goes out instead.
func (n *Notifier) letter(workload string, t engine.Telling) (letter, error) {
	m := t.Message
	l := letter{number: t.Number, Fields: Fields{
		Kind: clean(m.When), Workload: clean(workload), Run: clean(t.Run), Step: clean(t.Step), To: clean(strings.Join(m.To, ", ")),
		Text: shorten(clean(m.Text), maxBody), Command: command(m.When, clean(t.Step)),
	}}
	l.Title = title(l.Fields)
	written, err := n.written(l.Fields)
	if err == nil {
		l.Fields = written
	}
	l.Title = shorten(strings.Join(strings.Fields(l.Title), " "), maxTitle)
	return l, err
}

// title says what a message of each kind is about.
func title(f Fields) string {
	what := map[string]string{
		"approval": "approval needed", "person": "a step for a person", "operator": "a decision is needed", "trigger": "a rollback trigger",
		"rollback": "rollback", "run": "the run", "phase": "a phase", "before": "soon", "begun": "begun", "done": "done", "failed": "failed",
		"worker": "no worker", "ledger": "the ledger", "gate": "a gate",
	}[f.Kind]
	if what == "" {
		what = "message"
	}
	if f.Step != "" {
		what += ": " + f.Step
	}
	if f.Workload == "" {
		return "Landfall: " + what
	}
	return f.Workload + ": " + what
}

// command is what the reader says next.
func command(kind, step string) string {
	switch kind {
	case "approval":
		return "landfall approve " + step
	case "person":
		return "landfall confirm " + step + " --reason TEXT"
	case "operator", "trigger", "rollback", "failed", "run", "worker", "ledger", "gate":
		return "landfall status"
	}
	return ""
}

// written puts the texts of the workspace in: KIND.tmpl in the folder is the
// text, and what it defines as "title" is the title.
func (n *Notifier) written(f Fields) (Fields, error) {
	if n.s.Templates == "" || !kindName.MatchString(f.Kind) {
		return f, nil
	}
	content, err := readTemplate(n.s.Templates, f.Kind+".tmpl")
	if content == nil || err != nil {
		return f, err
	}
	name := filepath.Base(n.s.Templates) + "/" + f.Kind + ".tmpl"
	t, err := template.New(name).Option("missingkey=error").Parse(string(content))
	if err != nil {
		return f, fault.Of(fault.Invalid, "read the text", name, err)
	}
	for _, one := range t.Templates() {
		if one.Tree != nil && one.Tree.Root != nil && loops(one.Tree.Root) {
			return f, fault.Newf(fault.Unsupported, "read the text %q: range and template are not for texts", name)
		}
	}
	out := f
	if out.Text, err = render(t, f); err != nil {
		return f, fault.Of(fault.Invalid, "write the text", name, err)
	}
	if other := t.Lookup("title"); other != nil {
		if out.Title, err = render(other, f); err != nil {
			return f, fault.Of(fault.Invalid, "write the text", name, err)
		}
	}
	if strings.TrimSpace(out.Text) == "" || strings.TrimSpace(out.Title) == "" {
		return f, fault.Newf(fault.Invalid, "write the text %q: it is empty", name)
	}
	return out, nil
}

// readTemplate reads a file of the folder, and nothing that lies outside of it;
// nil when there is none.
func readTemplate(folder, name string) ([]byte, error) {
	f, err := os.OpenInRoot(folder, name)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fault.Wrap(err, "read the text", name)
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxTemplate+1))
	if err == nil && len(content) > maxTemplate {
		err = fault.Newf(fault.Invalid, "it is larger than %d bytes", maxTemplate)
	}
	return content, fault.Wrap(err, "read the text", name)
}

// loops reports whether a template can run for long: the fields of a message
// hold no list, so that only a loop over numbers or templates that call each
// other would be left.
func loops(n parse.Node) bool {
	list := func(l *parse.ListNode) bool { return l != nil && loops(l) }
	switch n := n.(type) {
	case *parse.ListNode:
		for _, one := range n.Nodes {
			if loops(one) {
				return true
			}
		}
	case *parse.RangeNode, *parse.TemplateNode:
		return true
	case *parse.IfNode:
		return list(n.List) || list(n.ElseList)
	case *parse.WithNode:
		return list(n.List) || list(n.ElseList)
	}
	return false
}

func render(t *template.Template, f Fields) (string, error) {
	var out bytes.Buffer
	if err := t.Execute(&out, f); err != nil {
		return "", err
	}
	return shorten(strings.TrimSpace(clean(out.String())), maxBody), nil
}

// clean takes out what is no text: names and details come from elsewhere.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || !unicode.IsControl(r) && !unicode.Is(unicode.Bidi_Control, r) {
			return r
		}
		return -1
	}, strings.ToValidUTF8(text, "?"))
}

// shorten keeps the first characters.
func shorten(text string, most int) string {
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return string(runes[:most-3]) + "..."
}
