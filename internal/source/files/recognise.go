package files

import (
	"bytes"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/source/files/describe"
	"example.com/landfall/internal/source/files/discovery"
	"example.com/landfall/internal/source/files/document"
	"example.com/landfall/internal/source/files/format"
	"example.com/landfall/internal/source/files/resourcelist"
	"example.com/landfall/internal/source/files/snapshot"
)

// headBytes is how much of a text is looked at to tell its format.
const headBytes = 256 << 10

// recogniser tells formats by content.
type recogniser struct{ outputs *describe.Set }

// recognise returns the format of a file. Its error says why none fits, or
// what to do with a file that is known and cannot be read.
func (r recogniser) recognise(d *document.Document) (Format, error) {
	raw, err := d.RawHead(4096)
	if err != nil && len(raw) == 0 {
		return "", err
	}
	if err := known(raw); err != nil {
		return "", err
	}
	head, err := d.Head(headBytes)
	if err != nil && len(head) == 0 {
		return "", err
	}
	text := bytes.TrimSpace(head)
	switch {
	case describe.Failed(text):
		return Describe, nil
	case len(text) == 0 && r.outputs.Names(d.Name):
		return Describe, nil
	case len(text) == 0:
		return "", fault.Newf(fault.Invalid, "recognise the format: the file is empty")
	case bytes.IndexByte(text, 0) >= 0:
		return "", fault.Newf(fault.Unsupported, "recognise the format: it is no text")
	case text[0] == '{' || text[0] == '[':
		return r.json(d, head)
	case text[0] == '<':
		return xmlFormat(text)
	case bytes.Contains(text[:min(len(text), 200)], []byte("diagrams.net")) || bytes.Contains(text[:min(len(text), 200)], []byte("draw.io")):
		return WorkloadDiscovery, nil
	}
	if f, ok := tableFormat(head); ok {
		return f, nil
	}
	if err := stranger(text); err != nil {
		return "", err
	}
	return r.yaml(d, text)
}

// known knows files that are no text by their beginning, and says what to do.
func known(raw []byte) error {
	switch {
	case bytes.HasPrefix(raw, []byte("PK\x03\x04")) && (bytes.Contains(raw, []byte("tfplan")) || bytes.Contains(raw, []byte("tfstate"))):
		return fault.Newf(fault.Unsupported, "read plan: it is in Terraform's own binary form").
			Hintf("convert it: terraform show -json PLANFILE > plan.json")
	case bytes.HasPrefix(raw, []byte("PK\x03\x04")):
		return fault.Newf(fault.Unsupported, "recognise the format: it is a zip archive").Hintf("unpack it and give the folder")
	case len(raw) > 262 && bytes.Equal(raw[257:262], []byte("ustar")):
		return fault.Newf(fault.Unsupported, "recognise the format: it is a tar archive").Hintf("unpack it and give the folder")
	case bytes.HasPrefix(raw, []byte("tfstate")):
		return fault.Newf(fault.Unsupported, "read state: it is in the binary form from before Terraform 0.3")
	case bytes.HasPrefix(raw, []byte("PAR1")), bytes.HasPrefix(raw, []byte("%PDF")), bytes.HasPrefix(raw, []byte("\x89PNG")), bytes.HasPrefix(raw, []byte("SQLite format 3")):
		return fault.Newf(fault.Unsupported, "recognise the format: it is no text")
	}
	return nil
}

// shape is what the beginning of a JSON text shows.
type shape struct {
	list bool
	// members of the object, or of the first object in the list, with what
	// they are as far as that is seen.
	members map[string]document.Kind
	names   []string
	// inResults is what the first of "Results" is.
	firstResult any
}

// looked is how many members are looked at.
const looked = 100

func shapeOf(head []byte, limits document.Limits) (shape, error) {
	d := document.Bytes("", head, limits)
	s := shape{members: map[string]document.Kind{}}
	text, err := d.Text()
	if err != nil {
		return s, err
	}
	j := d.JSON(text)
	kind, _, err := j.Open()
	if err != nil {
		return s, err
	}
	if kind == document.List {
		s.list = true
		for kind == document.List && err == nil && j.Next() {
			kind, _, err = j.Open()
		}
		if kind != document.Object || err != nil {
			return s, nil
		}
	}
	for len(s.names) < looked && j.Next() {
		name, err := j.Name()
		if err != nil {
			return s, nil // the head ends in the middle, which is no fault
		}
		s.names = append(s.names, name)
		s.members[name] = document.Scalar
		if err := s.look(j, name); err != nil {
			return s, nil
		}
	}
	return s, nil
}

// look reads over a value and notes what it is, and notes that even when the
// head ends within it.
func (s *shape) look(j *document.JSON, name string) error {
	kind, _, err := j.Open()
	if err != nil {
		return err
	}
	s.members[name] = kind
	if kind == document.Scalar {
		return nil
	}
	for first := true; j.Next(); first = false {
		if kind == document.Object {
			if _, err := j.Name(); err != nil {
				return err
			}
		}
		if first && name == "Results" && kind == document.List {
			if err := j.Value(&s.firstResult); err != nil {
				return err
			}
			continue
		}
		if err := j.Skip(); err != nil {
			return err
		}
	}
	return j.Close()
}

func (s *shape) has(names ...string) bool {
	for _, name := range names {
		if _, ok := s.members[name]; ok {
			return true
		}
	}
	return false
}

func (r recogniser) json(d *document.Document, head []byte) (Format, error) {
	s, err := shapeOf(head, d.Limits())
	if err != nil {
		return "", fault.Of(fault.Invalid, "recognise the format", "", err)
	}
	switch {
	case s.list && s.has("resourceType") && s.has("configuration", "configurationItemStatus", "resourceId"):
		return ConfigSnapshot, nil
	case s.list && s.has("data") && s.has("group", "position"):
		return WorkloadDiscovery, nil
	case s.list && (r.outputs.Names(d.Name) || r.outputs.Recognises("", s.names) || r.outputs.Elements(s.names)):
		return Describe, nil
	case s.list:
		return "", unknownShape("a JSON list", s.names)
	}
	if f, err := s.terraform(); f != "" || err != nil {
		return f, err
	}
	switch {
	case s.config():
		return ConfigSnapshot, nil
	case s.has("AWSTemplateFormatVersion"), s.members["Resources"] == document.Object:
		return CloudFormation, nil
	case s.has("elements", "nodes") && !s.has("Nodes"), s.has("body") && s.has("statusCode"):
		return WorkloadDiscovery, nil
	case r.outputs.Recognises(d.Name, s.names), r.outputs.Elements(s.names):
		return Describe, nil
	case s.has("Transform", "Fn::Transform"):
		return CloudFormation, nil
	case r.outputs.Commands(d.Name):
		return Describe, nil
	}
	if err := strangeJSON(&s); err != nil {
		return "", err
	}
	return "", unknownShape("a JSON object", s.names)
}

func (s *shape) terraform() (Format, error) {
	switch {
	case s.has("@level") && s.has("@message"):
		return "", fault.Newf(fault.Unsupported, "recognise the format: it is the log of terraform plan -json").
			Hintf("run: terraform plan -out=PLANFILE && terraform show -json PLANFILE > plan.json")
	case s.has("planned_values", "resource_changes") && s.has("format_version", "terraform_version"):
		return TerraformPlan, nil
	case s.has("format_version") && s.has("values", "terraform_version"):
		return TerraformState, nil
	case s.has("version") && s.has("terraform_version", "lineage", "serial") && s.has("resources", "modules", "serial", "lineage"):
		return TerraformState, nil
	case s.has("version") && s.members["modules"] == document.List:
		return TerraformState, nil
	}
	return "", nil
}

// config reports whether it is a file or an answer of AWS Config.
func (s *shape) config() bool {
	if s.has("configurationItems", "baseConfigurationItems", "BaseConfigurationItems", "configSnapshotId", "unprocessedResourceKeys", "UnprocessedResourceIdentifiers") {
		return true
	}
	if s.has("resourceIdentifiers", "ResourceIdentifiers", "ConfigurationItem", "configurationItem") {
		return true
	}
	if snapshot.Item(func(name string) bool { return s.has(name) }) {
		return true
	}
	// SelectResourceConfig answers with JSON in texts.
	if text, ok := s.firstResult.(string); ok {
		return strings.HasPrefix(strings.TrimSpace(text), "{")
	}
	object, ok := s.firstResult.(map[string]any)
	return ok && object["resourceType"] != nil || s.has("QueryInfo")
}

// tellFormat is the advice for a text of which nothing is known.
const tellFormat = "if you know it, give it as --from FORMAT=PATH"

func unknownShape(what string, names []string) error {
	if len(names) == 0 {
		return fault.Newf(fault.Unsupported, "recognise the format: %s without members", what)
	}
	return fault.Newf(fault.Unsupported, "recognise the format: %s with %s fits none", what, format.Cut(strings.Join(names, ", "))).
		Hintf("%s", tellFormat)
}

func xmlFormat(text []byte) (Format, error) {
	if bytes.Contains(text, []byte("<mxfile")) || bytes.Contains(text, []byte("<mxGraphModel")) {
		return WorkloadDiscovery, nil
	}
	return "", fault.Newf(fault.Unsupported, "recognise the format: it is XML, but no diagram of draw.io")
}

// tableFormat tells the format of separated values by their header.
func tableFormat(head []byte) (Format, bool) {
	d := document.Bytes("", head, document.Limits{})
	text, err := d.Text()
	if err != nil {
		return "", false
	}
	table, err := d.Table(text)
	if err != nil {
		return "", false
	}
	header, _, err := table.Next()
	switch {
	case err != nil:
		return "", false
	case discovery.TableHeader(header):
		return WorkloadDiscovery, true
	case len(header) > 1 && resourcelist.Usable(header) == nil:
		return ResourceList, true
	case len(header) == 1 && strings.EqualFold(header[0], "arn"):
		return ResourceList, true
	}
	return "", false
}

var topKey = regexp.MustCompile(`(?m)^["']?([A-Za-z][A-Za-z0-9:_-]*)["']?\s*:(?:\s|$)`)

func (r recogniser) yaml(d *document.Document, text []byte) (Format, error) {
	var names []string
	for _, m := range topKey.FindAllSubmatch(text, looked) {
		names = append(names, string(m[1]))
	}
	switch {
	case slices.Contains(names, "AWSTemplateFormatVersion"), slices.Contains(names, "Resources") && bytes.Contains(text, []byte("Type:")):
		return CloudFormation, nil
	case len(names) > 0 && r.outputs.Recognises(d.Name, names):
		return Describe, nil
	case slices.Contains(names, "Transform"):
		return CloudFormation, nil
	case r.outputs.Names(d.Name):
		return Describe, nil // it says itself what is wrong with it
	case len(names) > 0:
		return "", unknownShape("a text with keys", names)
	}
	return "", fault.Newf(fault.Unsupported, "recognise the format: it is neither JSON, YAML, XML nor a table with known columns")
}

// candidate reports whether the name of a file in a folder is that of data. A
// file that is none and that no format fits is only counted.
func candidate(path string) bool {
	name := strings.TrimSuffix(strings.ToLower(filepath.Base(path)), ".gz")
	switch filepath.Ext(name) {
	case ".json", ".yaml", ".yml", ".template", ".csv", ".tsv", ".tfstate", ".tfplan", ".drawio", ".xml", ".jsonl", ".ndjson", ".cfn", ".backup":
		return true
	}
	return strings.HasSuffix(strings.ToLower(path), ".gz")
}
