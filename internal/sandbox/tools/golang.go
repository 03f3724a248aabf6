package tools

import (
	"os"
	"path/filepath"
)

// goTool is a program compiled from a module of the Go proxy, whose checksum
// database answers for its content.
type goTool struct {
	// module is a package path with a version.
	module  string
	program string
}

var _ builder = goTool{}

func (g goTool) pins() []byte { return []byte(g.module + "\n" + g.program) }

func (g goTool) command(dir string) (command, env []string) {
	return []string{filepath.Join(dir, g.program)}, nil
}

func (g goTool) intact(dir string) error {
	info, err := os.Stat(filepath.Join(dir, g.program))
	if err != nil || info.Mode().Perm()&0o100 == 0 {
		return errNotComplete
	}
	return nil
}

func (g goTool) build(j *job) error {
	// "go install" refuses GOBIN when it cross-compiles, and a program for
	// another system would be of no use here.
	env := []string{"GOBIN=" + j.dir, "GOOS=", "GOARCH=", "GO111MODULE=on", "GOWORK=off"}
	return j.run(step{what: "compiling", argv: []string{"go", "install", g.module}, env: env, dir: j.dir, download: true})
}
