package tools

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"slices"

	"example.com/landfall/internal/fault"
)

// Name is the name of a tool.
type Name string

// The tools. All describes each.
const (
	Moto         Name = "moto"
	Versitygw    Name = "versitygw"
	Azurite      Name = "azurite"
	PostgreSQL   Name = "postgresql"
	AWSCLI       Name = "awscli"
	BicepGrammar Name = "tree-sitter-bicep"
)

// Spec says what a tool is and where it comes from.
type Spec struct {
	Name Name
	// Version is the pinned version; for PostgreSQL the oldest major that serves.
	Version string
	// Title says what it is, in a few words.
	Title string
	// Licence is its SPDX identifier.
	Licence string
	// TestsOnly tools are not needed to run the sandbox.
	TestsOnly bool

	build  builder
	needs  []need
	system bool
}

// builder makes the tool inside job.dir and says how it is started from there.
type builder interface {
	build(j *job) error
	command(dir string) (command, env []string)
	// intact reports what is missing in a folder that carries the right mark,
	// such as an interpreter that was upgraded away since; nil when usable.
	intact(dir string) error
	// pins are the bytes that decide what is installed; they are part of the
	// fingerprint, so that a changed pin makes another tool of the same name.
	pins() []byte
}

// need is a program that must be there before a tool can be installed.
type need struct {
	program string
	// debian are the packages that bring it on Debian and its relatives.
	debian string
	// words say what to install where there is no apt-get.
	words string
}

// Tool is an installed tool.
type Tool struct {
	Name    Name
	Version string
	// Dir is its folder; for PostgreSQL the folder of its programs.
	Dir string
	// Command starts it: program and leading arguments. Empty for PostgreSQL,
	// which is several programs: see Program.
	Command []string
	// Env is what must be in the environment of Command, on top of the
	// caller's. An empty value switches a variable of the user off.
	Env []string
}

// Program returns the path of one program in the folder of the tool.
func (t Tool) Program(name string) string { return filepath.Join(t.Dir, name) }

// All returns every tool, in the order of installation.
func All() []Spec {
	python := need{"python3", "python3 python3-venv", "Python 3.11 or newer with its venv module"}
	node := []need{{"node", "nodejs", "Node.js 20 or newer"}, {"npm", "npm", "npm"}}
	return []Spec{
		{
			Name: Moto, Version: "5.2.5", Title: "AWS control plane", Licence: "Apache-2.0",
			build: pythonTool{requirements: motoPins, module: "moto.server"}, needs: []need{python},
		},
		{
			Name: Azurite, Version: "3.37.0", Title: "Azure Storage: Blob, Queue, Table", Licence: "MIT",
			build: nodeTool{manifest: azuriteManifest, lock: azuriteLock, script: "azurite/dist/src/azurite.js"},
			needs: node,
		},
		{
			Name: Versitygw, Version: "1.8.0", Title: "S3 data", Licence: "Apache-2.0",
			build: goTool{module: "github.com/versity/versitygw/cmd/versitygw@v1.8.0", program: "versitygw"},
			needs: []need{{"go", "", "Go 1.26 or newer"}},
		},
		{
			Name: PostgreSQL, Version: fmt.Sprint(oldestPostgres), Title: "PostgreSQL server", Licence: "PostgreSQL",
			system: true,
		},
		{
			Name: AWSCLI, Version: "1.46.3", Title: "aws command line", Licence: "Apache-2.0", TestsOnly: true,
			build: pythonTool{requirements: awscliPins, module: "awscli"}, needs: []need{python},
		},
		{
			// Bicep's own compiler needs .NET, which the sandbox does without: the
			// grammar of tree-sitter says whether a file can be read.
			Name: BicepGrammar, Version: "1.1.0", Title: "Bicep grammar", Licence: "MIT", TestsOnly: true,
			build: nodeTool{manifest: bicepGrammarManifest, lock: bicepGrammarLock, script: "web-tree-sitter/tree-sitter.cjs"}, needs: node,
		},
	}
}

// Sandbox returns the names of the tools that the sandbox needs.
func Sandbox() []Name {
	var names []Name
	for _, s := range All() {
		if !s.TestsOnly {
			names = append(names, s.Name)
		}
	}
	return names
}

func specOf(name Name) (Spec, error) {
	all := All()
	i := slices.IndexFunc(all, func(s Spec) bool { return s.Name == name })
	if i < 0 {
		return Spec{}, fault.Of(fault.Unsupported, "find tool", string(name), nil)
	}
	return all[i], nil
}

// fingerprint changes whenever what would be installed changes.
func (s Spec) fingerprint() string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%s\n%T\n", s.Name, s.Version, s.build)
	h.Write(s.build.pins())
	return hex.EncodeToString(h.Sum(nil))
}
