package probe

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"example.com/landfall/internal/fault"
)

const (
	maxListBytes = 4 << 20
	maxTargets   = 10_000
	maxBody      = 1 << 20
)

// Target is one kind of request to send.
type Target struct {
	// Name is what the flow is called; "" takes method, host and route.
	Name   string
	Method string
	URL    *url.URL
	Header http.Header
	Body   string
	// Weight is how often it is sent compared with the others; 0 is never.
	Weight float64
	// Expect are the statuses that are a success; none means below 400.
	Expect []Range
	// Match must be found in the answer's first 64 KiB; nil is no condition.
	Match *regexp.Regexp
}

// Range is a range of statuses, both ends included.
type Range struct{ Low, High int }

// String shows what may be shown: the method and the address without its
// query and user.
func (t Target) String() string {
	if t.URL == nil {
		return t.Method
	}
	return t.Method + " " + t.URL.Scheme + "://" + t.URL.Host + t.URL.EscapedPath()
}

// line is a target as it is written in YAML or CSV.
type line struct {
	Name    string            `yaml:"name"`
	Method  string            `yaml:"method"`
	URL     string            `yaml:"url"`
	Headers map[string]string `yaml:"headers"`
	Body    string            `yaml:"body"`
	Weight  *float64          `yaml:"weight"`
	Status  string            `yaml:"status"`
	Match   string            `yaml:"match"`
}

// Parse reads a list of targets. Three forms are told apart by their content:
//
//   - YAML (or JSON): a list of {url, method, headers, body, weight, status,
//     match, name}, alone or under "requests"
//   - CSV with a header line that names at least url; headers as "Name: value"
//     lines in one field
//   - text: a line per request, "URL" or "METHOD URL", "#" begins a comment
//
// The method is GET by default, the weight 1, the status anything below 400.
// status is "200", "2xx", "200-299" or several of these with blanks or commas.
// A mistake is an error of kind Invalid that says in which entry, and never
// shows the address's query, a header's value or a body.
func Parse(content []byte) ([]Target, error) {
	if len(content) > maxListBytes {
		return nil, fault.Newf(fault.Invalid, "read request list: it is larger than %d bytes", maxListBytes)
	}
	content = bytes.TrimPrefix(content, []byte("\xef\xbb\xbf"))
	if !isText(content) {
		return nil, fault.Newf(fault.Invalid, "read request list: it is no text in UTF-8")
	}
	lines, err := split(content)
	if err != nil {
		return nil, fault.Of(fault.Invalid, "read request list", "", err)
	}
	if len(lines) > maxTargets {
		return nil, fault.Newf(fault.Invalid, "read request list: it has %d entries, the limit is %d", len(lines), maxTargets)
	}
	var list []Target
	total := 0.0
	for i, l := range lines {
		t, err := l.target()
		if err != nil {
			return nil, fault.Newf(fault.Invalid, "read request list, entry %d: %s", i+1, err)
		}
		total += t.Weight
		list = append(list, t)
	}
	if total <= 0 || math.IsInf(total, 0) {
		return nil, fault.Newf(fault.Invalid, "read request list: it has no request with a weight above zero")
	}
	return list, nil
}

func isText(content []byte) bool {
	return bytes.IndexByte(content, 0) < 0 && strings.ToValidUTF8(string(content), "") == string(content)
}

// split recognises the form.
func split(content []byte) ([]line, error) {
	first := ""
	for l := range strings.Lines(string(content)) {
		if l = strings.TrimSpace(l); l != "" && l[0] != '#' && l != "---" {
			first = l
			break
		}
	}
	switch {
	case first == "":
		return nil, errors.New("it is empty")
	case first[0] == '-' || first[0] == '[' || first[0] == '{' || strings.HasPrefix(first, "requests:"):
		return fromYAML(content)
	case isHeader(first):
		return fromCSV(content)
	}
	return fromText(string(content)), nil
}

// fromYAML refuses names that are not known: "wieght" must not silently be 1.
func fromYAML(content []byte) ([]line, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(content, &root); err != nil {
		return nil, plainError(err)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	decoder.KnownFields(true)
	var whole struct {
		Requests []line `yaml:"requests"`
	}
	var err error
	if len(root.Content) == 1 && root.Content[0].Kind == yaml.MappingNode {
		err = decoder.Decode(&whole)
	} else {
		err = decoder.Decode(&whole.Requests)
	}
	if err != nil {
		return nil, plainError(err)
	}
	return whole.Requests, nil
}

// plainError drops the values that YAML's errors quote, since they may be
// secrets: "cannot unmarshal !!str `Bearer …` into …".
func plainError(err error) error {
	text := strings.Join(strings.Fields(err.Error()), " ")
	return errors.New(quoted.ReplaceAllString(text, "a value"))
}

var quoted = regexp.MustCompile("`[^`]*`?")

func isHeader(first string) bool {
	for name := range strings.SplitSeq(first, ",") {
		if strings.EqualFold(strings.Trim(strings.TrimSpace(name), `"`), "url") {
			return true
		}
	}
	return false
}

func fromCSV(content []byte) ([]line, error) {
	r := csv.NewReader(bytes.NewReader(content))
	r.TrimLeadingSpace, r.FieldsPerRecord, r.Comment = true, -1, '#'
	header, err := r.Read()
	if err != nil {
		return nil, err
	}
	for i := range header {
		header[i] = strings.ToLower(strings.TrimSpace(header[i]))
		if !slices.Contains([]string{"name", "method", "url", "headers", "body", "weight", "status", "match"}, header[i]) {
			return nil, fmt.Errorf("column %q is not known", header[i])
		}
	}
	var lines []line
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return lines, nil
		}
		if err != nil {
			return nil, err
		}
		if len(lines) > maxTargets {
			return nil, fmt.Errorf("more than %d entries", maxTargets)
		}
		l, err := fromRecord(header, record)
		if err != nil {
			return nil, fmt.Errorf("entry %d: %w", len(lines)+1, err)
		}
		lines = append(lines, l)
	}
}

func fromRecord(header, record []string) (line, error) {
	var l line
	if len(record) > len(header) {
		return l, fmt.Errorf("%d fields under %d columns", len(record), len(header))
	}
	for i, v := range record {
		switch header[i] {
		case "name":
			l.Name = v
		case "method":
			l.Method = v
		case "url":
			l.URL = v
		case "body":
			l.Body = v
		case "status":
			l.Status = v
		case "match":
			l.Match = v
		case "weight":
			if strings.TrimSpace(v) == "" {
				continue
			}
			w, err := strconv.ParseFloat(strings.TrimSpace(v), 64)
			if err != nil {
				return l, errors.New("the weight is no number")
			}
			l.Weight = &w
		case "headers":
			for one := range strings.Lines(v) {
				name, value, ok := strings.Cut(strings.TrimSpace(one), ":")
				if !ok && name != "" {
					return l, errors.New("a header must be \"Name: value\"")
				}
				if l.Headers == nil {
					l.Headers = map[string]string{}
				}
				if ok {
					l.Headers[strings.TrimSpace(name)] = strings.TrimSpace(value)
				}
			}
		}
	}
	return l, nil
}

func fromText(content string) []line {
	var lines []line
	for l := range strings.Lines(content) {
		fields := strings.Fields(l)
		if len(fields) == 0 || fields[0][0] == '#' {
			continue
		}
		one := line{URL: fields[0]}
		if len(fields) > 1 && !strings.Contains(fields[0], "://") {
			one.Method, one.URL = fields[0], fields[1]
			fields = fields[1:]
		}
		if len(fields) > 1 && fields[1][0] != '#' {
			one.URL = "" // what else stands there is a mistake, told as one
		}
		lines = append(lines, one)
		if len(lines) > maxTargets {
			break
		}
	}
	return lines
}
