package cli

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"example.com/landfall/internal/config"
	"example.com/landfall/internal/fault"
)

var update = flag.Bool("update", false, "rewrite the generated pages")

// The reference pages are generated from the commands; a stale page, a missing
// one and one whose command is gone all fail.
func TestReferenceIsFresh(t *testing.T) {
	t.Parallel()
	pages, err := reference()
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Join("..", "..", "docs", "reference")
	for _, name := range slices.Sorted(maps.Keys(pages)) {
		file := filepath.Join(root, filepath.FromSlash(name))
		if *update {
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, pages[name], 0o644); err != nil {
				t.Fatal(err)
			}
		}
		have, err := os.ReadFile(file)
		if err != nil || !bytes.Equal(have, pages[name]) {
			t.Errorf("docs/reference/%s is stale: run make generate", name)
		}
	}
	committed, err := filepath.Glob(filepath.Join(root, "cli", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range committed {
		if _, ok := pages["cli/"+filepath.Base(file)]; !ok {
			t.Errorf("%s: no command has this page", file)
		}
	}
}

// reference returns the reference pages, generated from the commands and
// tables themselves: path below docs/reference to content. A test fails when
// a committed page differs.
func reference() (map[string][]byte, error) {
	pages := map[string][]byte{
		"exit-codes.md":    []byte("# Exit codes\n\n```\n" + ExitCodes() + "\n```\n"),
		"configuration.md": configurationPage(),
	}
	root := rootCommand(&env{Streams: Streams{Version: "VERSION"}})
	var commands []*cobra.Command
	eachCommand(root, func(cmd *cobra.Command) {
		if !cmd.Hidden && (cmd.Runnable() || cmd.HasSubCommands()) {
			commands = append(commands, cmd)
		}
	})
	// Generating a page adds a help command to its command, so the list is
	// made before the first page.
	for _, cmd := range commands {
		cmd.DisableAutoGenTag = true
		var page bytes.Buffer
		if err := doc.GenMarkdownCustom(cmd, &page, func(name string) string { return name }); err != nil {
			return nil, fault.Of(fault.Internal, "generate the page of", cmd.CommandPath(), err)
		}
		name := strings.ReplaceAll(cmd.CommandPath(), " ", "_") + ".md"
		pages[path.Join("cli", name)] = page.Bytes()
	}
	return pages, nil
}

func configurationPage() []byte {
	var b bytes.Buffer
	b.WriteString(`# Configuration

` + "`landfall.yaml`" + ` in the workspace's folder. Precedence: flag, environment variable, file, default;
` + "`landfall config`" + ` prints each effective value and its origin. An unknown key is an error with its line and the nearest key that exists. There are no
credentials in it: a key that looks like one is refused. The JSON Schema is [landfall.schema.json](schemas/landfall.schema.json).

| key | type | default | meaning | environment | flag |
|---|---|---|---|---|---|
`)
	for _, k := range config.Keys() {
		meaning := k.Doc
		if k.Required {
			meaning += " (required)"
		}
		flag := ""
		if k.Flag != "" {
			flag = "`--" + k.Flag + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s |\n", k.Path, k.Type, code(k.Default), strings.ReplaceAll(meaning, "|", "\\|"), code(k.Env), flag)
	}
	return b.Bytes()
}

func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + s + "`"
}
