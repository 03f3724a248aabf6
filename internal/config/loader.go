package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// setting is a value and where it came from.
type setting struct {
	value  any
	origin string
}

// loader collects values by key path, and problems, from the file, then the
// environment, then the flags; a later one replaces an earlier one.
type loader struct {
	path     string
	keys     []key
	values   map[string]setting
	written  map[string]bool // keys that stand somewhere, right or wrong
	broken   bool            // the file could not be understood at all
	problems Problems
}

func newLoader(path string) *loader {
	return &loader{path: path, keys: keys(), values: map[string]setting{}, written: map[string]bool{}}
}

// EnvName returns the environment variable of a key: "sandbox.historyDays" is
// LANDFALL_SANDBOX_HISTORY_DAYS.
func EnvName(path string) string {
	return "LANDFALL_" + strings.ToUpper(strings.ReplaceAll(split(path), "-", "_"))
}

// FlagName returns the flag of a key, without dashes: "sandbox.historyDays" is
// sandbox-history-days.
func FlagName(path string) string { return split(path) }

// split writes a key's path as lower-case words with hyphens. "caFile" is
// ca-file: each capital begins a word.
func split(path string) string {
	var b strings.Builder
	for _, r := range path {
		switch {
		case r == '.':
			b.WriteByte('-')
		case unicode.IsUpper(r):
			b.WriteByte('-')
			b.WriteRune(unicode.ToLower(r))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// environment takes the value of each scalar key from its variable. A variable
// named after a key that cannot be set there is a problem, because the user
// believes it does something.
func (l *loader) environment(getenv func(string) (string, bool)) {
	if getenv == nil {
		return
	}
	for i := range l.keys {
		k := &l.keys[i]
		variable := EnvName(k.path)
		value, ok := getenv(variable)
		if !ok || value == "" {
			continue
		}
		problem := Problem{Variable: variable}
		if !k.form.scalar() || k.fileOnly {
			problem.Text = fmt.Sprintf("%q can only be set in the file", k.path)
			l.problems = append(l.problems, problem)
			continue
		}
		l.outside(k, value, problem)
	}
}

// flags takes the values of the given flags.
func (l *loader) flags(given map[string]string) {
	byFlag := map[string]*key{}
	for i := range l.keys {
		if k := &l.keys[i]; k.form.scalar() && !k.fileOnly {
			byFlag[FlagName(k.path)] = k
		}
	}
	for _, flag := range slices.Sorted(maps.Keys(given)) {
		k, ok := byFlag[flag]
		if !ok {
			text := "no key of the configuration has this flag"
			if near, ok := nearest(flag, slices.Sorted(maps.Keys(byFlag))); ok {
				text += "; the nearest is --" + near
			}
			l.problems = append(l.problems, Problem{Flag: flag, Text: text})
			continue
		}
		l.outside(k, given[flag], Problem{Flag: flag})
	}
}

// outside records a value from outside the file.
func (l *loader) outside(k *key, value string, place Problem) {
	l.written[k.path] = true
	if place.Flag != "" && value == "" && k.form == text && !k.must {
		l.values[k.path] = setting{k.empty(), place.Where()}
		return
	}
	parsed, complaint := k.parse(value)
	if complaint != "" {
		place.Text = fmt.Sprintf("%q %s", k.path, complaint)
		l.problems = append(l.problems, place)
		return
	}
	l.values[k.path] = setting{parsed, place.Where()}
}

// result checks that nothing is missing, fills in the defaults and builds the
// configuration.
func (l *loader) result() (*Config, error) {
	for i := range l.keys {
		if k := &l.keys[i]; k.must && !l.written[k.path] && !l.broken {
			l.problems = append(l.problems, Problem{File: l.path, Line: 1, Column: 1,
				Text: fmt.Sprintf("key %q is missing", k.path)})
		}
	}
	if len(l.problems) > 0 {
		l.problems.sort()
		return nil, l.problems
	}
	c := &Config{}
	for i := range l.keys {
		k := &l.keys[i]
		s, ok := l.values[k.path]
		if !ok {
			s = setting{k.empty(), "default"}
		}
		if k.rule.besideFile && strings.HasPrefix(s.origin, l.path+":") {
			s.value = besideFile(l.path, s.value.(string))
		}
		k.put(c, s.value)
		c.settings = append(c.settings, Setting{Key: k.path, Value: s.value, Origin: s.origin})
	}
	return c, nil
}

// empty is the value of a key that nothing sets.
func (k *key) empty() any {
	if k.def != nil {
		return k.def
	}
	switch k.form {
	case integer:
		return int64(0)
	case boolean:
		return false
	case texts:
		return []string{}
	case records:
		return []map[string]string{}
	case pairs:
		return map[string]string{}
	}
	return ""
}
