package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "example.com/landfall"

// source is one parsed Go file.
type source struct {
	path    string // slash-separated, relative to the repository
	pkg     string // folder, slash-separated, relative to the repository
	test    bool
	lines   int
	set     *token.FileSet
	file    *ast.File
	imports []string
}

// sources parses every Go file of the repository, generated and test files
// included, in path order.
func sources(t *testing.T) []source {
	t.Helper()
	root := repositoryRoot(t)
	var all []source
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if path != root && (strings.HasPrefix(name, ".") || name == "testdata" || name == "bin" || name == "dist" || name == "node_modules") {
				return filepath.SkipDir
			}
			return nil
		}
		if strings.HasSuffix(name, ".go") {
			all = append(all, parse(t, root, path))
		}
		return nil
	})
	if err != nil {
		t.Fatalf("walk the repository: %v", err)
	}
	if len(all) < 10 {
		t.Fatalf("found %d Go files below %s: the walk is broken", len(all), root)
	}
	return all
}

func parse(t *testing.T, root, path string) source {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, data, parser.ParseComments)
	if err != nil {
		t.Fatalf("parse: %v", err)
	}
	rel, err := filepath.Rel(root, path)
	if err != nil {
		t.Fatal(err)
	}
	rel = filepath.ToSlash(rel)
	s := source{
		path:  rel,
		pkg:   strings.TrimSuffix(strings.TrimSuffix(rel, filepath.Base(rel)), "/"),
		test:  strings.HasSuffix(rel, "_test.go"),
		lines: strings.Count(string(data), "\n"),
		set:   set,
		file:  file,
	}
	for _, spec := range file.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		s.imports = append(s.imports, name)
	}
	return s
}

func repositoryRoot(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod above the test's folder")
		}
		dir = parent
	}
}

// packages returns the folders that hold non-test Go files, in order.
func packages(all []source) []string {
	var names []string
	for _, s := range all {
		if !s.test && !slices.Contains(names, s.pkg) {
			names = append(names, s.pkg)
		}
	}
	slices.Sort(names)
	return names
}
