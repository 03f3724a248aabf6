package awsapi

import (
	_ "embed"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"example.com/landfall/internal/fault"
)

//go:embed table.txt
var tableText string

// Model is one service of the table.
type Model struct {
	Name           string // botocore's folder: "elbv2"
	Signing        string // credential scope: "elasticloadbalancing"
	EndpointPrefix string
	Protocols      []Protocol
	Version        string
	TargetPrefix   string // what precedes the operation in X-Amz-Target
	Namespace      string // of XML answers
	routes         []route
	// times and blobs are the members that CBOR writes in types of their own.
	times, blobs map[string]bool
}

// Speaks reports whether the service speaks the protocol.
func (m *Model) Speaks(p Protocol) bool { return slices.Contains(m.Protocols, p) }

// rest returns the REST protocol of the model, or "".
func (m *Model) rest() Protocol {
	for _, p := range m.Protocols {
		if p == RestJSON || p == RestXML {
			return p
		}
	}
	return ""
}

// Table knows the services and the REST routes. It is immutable.
type Table struct {
	models    []*Model
	bySigning map[string][]*Model
	byTarget  map[string]*Model
	byName    map[string]*Model
}

// NewTable reads the embedded table.
func NewTable() (*Table, error) { return parseTable(tableText) }

func parseTable(text string) (*Table, error) {
	t := &Table{bySigning: map[string][]*Model{}, byTarget: map[string]*Model{}, byName: map[string]*Model{}}
	var current *Model
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "= "):
			m, err := parseModel(line)
			if err != nil {
				return nil, err
			}
			current = m
			t.add(m)
		case strings.HasPrefix(line, "+ ") && current != nil:
			if err := current.addTyped(line); err != nil {
				return nil, err
			}
		default:
			r, err := parseRoute(line)
			if err != nil || current == nil {
				return nil, fault.Of(fault.Internal, "read route", line, err)
			}
			current.routes = append(current.routes, r)
		}
	}
	for _, m := range t.models {
		slices.SortStableFunc(m.routes, func(a, b route) int { return b.weight - a.weight })
	}
	return t, nil
}

func (t *Table) add(m *Model) {
	t.models = append(t.models, m)
	t.byName[m.Name] = m
	t.bySigning[m.Signing] = append(t.bySigning[m.Signing], m)
	if m.TargetPrefix != "" {
		t.byTarget[m.TargetPrefix] = m
	}
}

func parseModel(line string) (*Model, error) {
	f := strings.Fields(line)
	if len(f) != 8 {
		return nil, fault.Of(fault.Internal, "read service", line, nil)
	}
	m := &Model{Name: f[1], Signing: f[2], EndpointPrefix: f[3], Version: f[5],
		TargetPrefix: undash(f[6]), Namespace: undash(f[7])}
	for p := range strings.SplitSeq(f[4], ",") {
		switch p {
		case "json":
			m.Protocols = append(m.Protocols, JSON10, JSON11)
		case "query":
			m.Protocols = append(m.Protocols, Query)
		case "ec2":
			m.Protocols = append(m.Protocols, EC2)
		case "rest-json":
			m.Protocols = append(m.Protocols, RestJSON)
		case "rest-xml":
			m.Protocols = append(m.Protocols, RestXML)
		case "smithy-rpc-v2-cbor":
			m.Protocols = append(m.Protocols, CBOR)
		default:
			return nil, fault.Of(fault.Internal, "read protocol", p, nil)
		}
	}
	return m, nil
}

func (m *Model) addTyped(line string) error {
	f := strings.Fields(line)
	if len(f) != 3 || f[1] != "time" && f[1] != "blob" {
		return fault.Of(fault.Internal, "read types", line, nil)
	}
	names := map[string]bool{}
	for name := range strings.SplitSeq(f[2], ",") {
		names[name] = true
	}
	if f[1] == "time" {
		m.times = names
	} else {
		m.blobs = names
	}
	return nil
}

func undash(s string) string {
	if s == "-" {
		return ""
	}
	return s
}

// Models returns the services in the order of the table.
func (t *Table) Models() []*Model { return slices.Clone(t.models) }

// Named returns the model of botocore's name, nil when there is none.
func (t *Table) Named(name string) *Model { return t.byName[name] }

// Signed returns the services that are signed for under the name.
func (t *Table) Signed(name string) []*Model {
	// S3 Express and Outposts sign the S3 API under names of their own.
	if name == "s3express" || name == "s3-outposts" {
		name = "s3"
	}
	return t.bySigning[name]
}

// Operation finds the REST operation of a request among the models. The path
// is the escaped one. labels holds the path's variables, unescaped.
func (t *Table) Operation(models []*Model, r *http.Request, path string) (m *Model, operation string, labels map[string]string) {
	query := r.URL.Query()
	best := -1
	for _, candidate := range models {
		hit, found := candidate.match(r, path, query)
		if hit != nil && hit.weight > best {
			best, m, operation, labels = hit.weight, candidate, hit.operation, found
		}
	}
	return m, operation, labels
}

// match returns the heaviest route that fits; routes stand heaviest first.
func (m *Model) match(r *http.Request, path string, query url.Values) (*route, map[string]string) {
	for i := range m.routes {
		hit := &m.routes[i]
		if hit.method != r.Method || !hit.wants(query, r.Header) {
			continue
		}
		if labels, ok := hit.labels(path); ok {
			return hit, labels
		}
	}
	return nil, nil
}

// EventSource returns CloudTrail's name of the service.
func (m *Model) EventSource() string {
	// CloudTrail names a service by its endpoint prefix. Where botocore's
	// prefix is the host name of a part of a service ("api.ecr",
	// "data-ats.iot") or the name differs for history's sake, this says so.
	switch m.Name {
	case "ses", "sesv2", "pinpoint-email":
		return "ses.amazonaws.com"
	case "dynamodbstreams":
		return "dynamodb.amazonaws.com"
	case "iot-data":
		return "iotdata.amazonaws.com"
	case "opensearch":
		return "es.amazonaws.com"
	case "pinpoint":
		return "mobiletargeting.amazonaws.com"
	case "mwaa":
		return "airflow.amazonaws.com"
	case "sso-oidc", "sso":
		return "sso.amazonaws.com"
	case "s3control":
		return "s3.amazonaws.com"
	}
	name := m.EndpointPrefix
	if strings.Contains(name, ".") {
		name = m.Signing
	}
	return name + ".amazonaws.com"
}
