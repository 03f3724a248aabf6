package archtest

import (
	"go/ast"
	"slices"
	"strings"
	"testing"
)

const (
	fileWall         = 500
	testFileWall     = 800
	functionWall     = 70
	testFunctionWall = 120
)

func TestFilesStayBelowTheWall(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		wall := fileWall
		if s.test {
			wall = testFileWall
		}
		if s.lines > wall {
			t.Errorf("%s: %d lines, the wall is %d: cut it by what its parts are for", s.path, s.lines, wall)
		}
	}
}

func TestFunctionsStayBelowTheWall(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		wall := functionWall
		if s.test {
			wall = testFunctionWall
		}
		for _, d := range s.file.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Body == nil {
				continue
			}
			first := s.set.Position(fn.Pos()).Line
			last := s.set.Position(fn.End()).Line
			if lines := last - first + 1; lines > wall {
				t.Errorf("%s:%d: %s has %d lines, the wall is %d", s.path, first, fn.Name.Name, lines, wall)
			}
		}
	}
}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	t.Parallel()
	all := sources(t)
	for _, pkg := range packages(all) {
		i := slices.IndexFunc(all, func(s source) bool { return s.path == pkg+"/doc.go" })
		if i < 0 {
			// A command explains itself in main.go, where its reader starts.
			i = slices.IndexFunc(all, func(s source) bool { return s.path == pkg+"/main.go" })
		}
		if i < 0 || all[i].file.Doc == nil || len(all[i].file.Doc.Text()) < 80 {
			t.Errorf("%s: no doc.go that says what the package is, what it is not, and who calls it", pkg)
		}
	}
}

func TestEveryExportedNameIsDocumented(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		if s.test || s.file.Name.Name == "main" {
			continue
		}
		for _, d := range s.file.Decls {
			for _, name := range undocumented(d) {
				t.Errorf("%s:%d: %s has no comment", s.path, s.set.Position(d.Pos()).Line, name)
			}
		}
	}
}

// undocumented returns the exported top-level names of d without a comment. A
// comment on a group of constants or variables counts for its members.
func undocumented(d ast.Decl) []string {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Doc == nil && d.Name.IsExported() && exportedReceiver(d) {
			return []string{d.Name.Name}
		}
	case *ast.GenDecl:
		var names []string
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				if spec.Name.IsExported() && d.Doc == nil && spec.Doc == nil {
					names = append(names, spec.Name.Name)
				}
			case *ast.ValueSpec:
				if d.Doc == nil && spec.Doc == nil && spec.Comment == nil && spec.Names[0].IsExported() {
					names = append(names, spec.Names[0].Name)
				}
			}
		}
		return names
	}
	return nil
}

// exportedReceiver reports whether d is a function or a method of an exported
// type. Methods that only satisfy a well-known interface need no sentence.
func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	known := []string{"Error", "String", "Unwrap", "MarshalJSON", "UnmarshalJSON", "ServeHTTP", "Len", "Less", "Swap", "Write", "Read", "Close"}
	if slices.Contains(known, d.Name.Name) {
		return false
	}
	kind := d.Recv.List[0].Type
	if star, ok := kind.(*ast.StarExpr); ok {
		kind = star.X
	}
	if index, ok := kind.(*ast.IndexExpr); ok {
		kind = index.X
	}
	id, ok := kind.(*ast.Ident)
	return ok && id.IsExported()
}

func TestNothingRegistersItself(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		for _, d := range s.file.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				t.Errorf("%s:%d: init function; write the list out where the parts are wired", s.path, s.set.Position(fn.Pos()).Line)
			}
		}
	}
}

// A package variable is allowed when nothing can change what it stands for:
// a blank assertion, an error sentinel, a compiled pattern or template, an
// embedded file. The version stamp of a command is set by the linker.
func TestNoPackageKeepsMutableState(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		for _, d := range s.file.Decls {
			gen, ok := d.(*ast.GenDecl)
			if !ok || gen.Tok.String() != "var" {
				continue
			}
			for _, spec := range gen.Specs {
				v := spec.(*ast.ValueSpec)
				if !constantLike(s, gen, v) {
					t.Errorf("%s:%d: package variable %s: pass it in, or make it a function or a constant", s.path, s.set.Position(v.Pos()).Line, v.Names[0].Name)
				}
			}
		}
	}
}

func constantLike(s source, gen *ast.GenDecl, v *ast.ValueSpec) bool {
	if v.Names[0].Name == "_" || embedded(gen.Doc) || embedded(v.Doc) {
		return true
	}
	if s.file.Name.Name == "main" && v.Names[0].Name == "version" {
		return true
	}
	if len(v.Values) != len(v.Names) {
		return false
	}
	allowed := []string{"errors.New", "regexp.MustCompile", "template.Must"}
	for _, value := range v.Values {
		call, ok := value.(*ast.CallExpr)
		if !ok || !slices.Contains(allowed, selector(call.Fun)) {
			return false
		}
	}
	return true
}

func embedded(doc *ast.CommentGroup) bool {
	if doc == nil {
		return false
	}
	return slices.ContainsFunc(doc.List, func(c *ast.Comment) bool { return strings.HasPrefix(c.Text, "//go:embed ") })
}

// selector renders a.b of a selector expression, or "".
func selector(e ast.Expr) string {
	sel, ok := e.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	id, ok := sel.X.(*ast.Ident)
	if !ok {
		return ""
	}
	return id.Name + "." + sel.Sel.Name
}
