package cloudformation

import (
	"crypto/sha256"
	"encoding/hex"
	"path"
	"strings"

	"example.com/landfall/internal/source/files/cloudformation/template"
)

// document is one template's text, parsed once however often it is used.
type document struct {
	name string
	sum  string
	tree *template.Template
	err  error
}

// library holds the documents of a run by their cleaned path, and opens more.
type library struct {
	open    func(string) ([]byte, error)
	list    func(string) []string
	docs    map[string]*document
	listed  map[string][]string
	missing map[string]bool
	opened  int
}

// maxOpened bounds the files that templates can make the run open.
const maxOpened = 20_000

func newLibrary(o Options) *library {
	return &library{open: o.Open, list: o.List, docs: map[string]*document{}, listed: map[string][]string{}, missing: map[string]bool{}}
}

func newDocument(name string, data []byte) *document {
	sum := sha256.Sum256(data)
	d := &document{name: name, sum: hex.EncodeToString(sum[:])}
	d.tree, d.err = template.Parse(data)
	return d
}

// add takes a file of the run.
func (l *library) add(f File) *document {
	key := path.Clean(f.Name)
	if d, ok := l.docs[key]; ok {
		return d
	}
	d := newDocument(f.Name, f.Data)
	l.docs[key] = d
	return d
}

// get returns the document at a path, of the run or opened, or nil.
func (l *library) get(name string) *document {
	key := path.Clean(name)
	if d, ok := l.docs[key]; ok {
		return d
	}
	data, ok := l.read(key)
	if !ok {
		return nil
	}
	d := newDocument(key, data)
	l.docs[key] = d
	return d
}

// read opens a file that may not be there.
func (l *library) read(key string) ([]byte, bool) {
	if l.open == nil || l.missing[key] || l.opened >= maxOpened {
		return nil, false
	}
	l.opened++
	data, err := l.open(key)
	if err != nil {
		l.missing[key] = true
		return nil, false
	}
	return data, true
}

// folder names the files of a folder and below it.
func (l *library) folder(name string) []string {
	if l.list == nil {
		return nil
	}
	if names, ok := l.listed[name]; ok {
		return names
	}
	l.listed[name] = l.list(name)
	return l.listed[name]
}

// stackName is the name of a stack whose template is this file: the file's
// name without what only says that it is a template.
func stackName(file string) string {
	base := path.Base(strings.ReplaceAll(file, `\`, "/"))
	for _, end := range []string{".gz", ".json", ".yaml", ".yml", ".txt", ".template", ".cfn", ".cform", ".cloudformation", ".nested"} {
		if cut := strings.TrimSuffix(base, end); cut != "" {
			base = cut
		}
	}
	for _, end := range []string{".template", ".cfn", ".nested"} {
		if cut := strings.TrimSuffix(base, end); cut != "" {
			base = cut
		}
	}
	return clean(base)
}

// clean keeps what may stand in the name of a stack inside an id: the text
// form of a reference ends at "#" and "}", an id's last part begins at "/", and
// before an "@" in an address the guard against passwords takes a reference
// for a user's.
func clean(name string) string {
	out := strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' || strings.ContainsRune(`/\#{}$:@|"'`, r) {
			return '-'
		}
		return r
	}, name)
	if out == "" || out == "." || out == ".." {
		return noName
	}
	return out
}

// noName is the name of a stack whose file has none.
const noName = "template"
