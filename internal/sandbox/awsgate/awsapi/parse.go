package awsapi

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"example.com/landfall/internal/fault"
)

// Limits of the parser.
const (
	// maxFormBytes bounds a query form, which must be read whole to learn the
	// operation. AWS itself stops far below: an IAM policy has 10 kB.
	maxFormBytes = 4 << 20
	// maxBodyBytes bounds what is decoded into Params and kept as Body. Lambda
	// code comes in JSON of up to 70 MB; nobody needs it decoded.
	maxBodyBytes = 1 << 20
)

// Parser turns requests into calls. It is safe for concurrent use.
type Parser struct {
	table  *Table
	region string
	now    func() time.Time
}

// NewParser returns a parser. region is assumed for calls that name none.
func NewParser(table *Table, region string, now func() time.Time) *Parser {
	return &Parser{table: table, region: region, now: now}
}

// Parse reads what it needs of the request and returns the call. r.Body is
// replaced, so that whoever handles r next reads the whole body as sent.
// Bodies of S3 objects are never touched. With an error the call holds what
// was understood, so that there is a protocol to answer in.
func (p *Parser) Parse(r *http.Request) (*Call, error) {
	scope := ReadScope(r)
	c := &Call{
		Service: scope.Service, Region: scope.Region, AccessKey: scope.AccessKey,
		Method: r.Method, Path: r.URL.EscapedPath(), Query: r.URL.Query(), Header: r.Header,
		Time: p.now().UTC(), UserAgent: r.UserAgent(), SourceIP: sourceIP(r),
	}
	if c.Region == "" {
		c.Region = p.region
	}
	if err := p.identify(r, c); err != nil {
		if c.Protocol == "" {
			c.Protocol = JSON11
		}
		return c, err
	}
	if c.Service == "" {
		// An unsigned request that is no RPC is S3's: a public object, a
		// form post, an old presigned URL.
		c.Service = "s3"
		p.rest(r, c)
	}
	return c, nil
}

// identify finds service, operation and input, by what the request shows.
func (p *Parser) identify(r *http.Request, c *Call) error {
	target := r.Header.Get("X-Amz-Target")
	switch {
	case r.Method == http.MethodPost && target != "":
		return p.json(r, c, target)
	case r.Header.Get("Smithy-Protocol") == "rpc-v2-cbor":
		return p.cbor(r, c)
	case c.Service != "s3" && p.isForm(r):
		return p.form(r, c)
	case c.Service != "":
		p.rest(r, c)
		return p.restBody(r, c)
	}
	return nil
}

// isForm: the query protocols put Action into the form or, by GET, the URL. A
// REST service never has a form body, but its query may hold anything.
func (p *Parser) isForm(r *http.Request) bool {
	if r.Method == http.MethodPost && strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return true
	}
	return r.URL.Query().Has("Action") && strings.Trim(r.URL.Path, "/") == ""
}

func (p *Parser) json(r *http.Request, c *Call, target string) error {
	prefix, operation, ok := cutLast(target, ".")
	if !ok {
		operation = target
	}
	c.Operation, c.Protocol = operation, JSON11
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-amz-json-1.0") {
		c.Protocol = JSON10
	}
	return p.named(r, c, prefix, decodeJSON)
}

func (p *Parser) cbor(r *http.Request, c *Call) error {
	// Fixed by the protocol: /service/<shape name>/operation/<operation>.
	part := segments(r.URL.Path)
	if len(part) < 4 || part[len(part)-4] != "service" || part[len(part)-2] != "operation" {
		return Refuse("UnknownOperationException", "the path names no operation")
	}
	c.Protocol, c.Operation = CBOR, part[len(part)-1]
	return p.named(r, c, part[len(part)-3], decodeCBOR)
}

// named adopts the service that the request calls by its name in the model,
// and decodes the body.
func (p *Parser) named(r *http.Request, c *Call, service string, decode func([]byte) (map[string]any, error)) error {
	if m := p.table.byTarget[service]; m != nil {
		c.adopt(m)
	} else {
		p.adoptFirst(c)
	}
	whole, err := peek(r, c, maxBodyBytes)
	if err != nil || !whole {
		return err
	}
	c.Params, err = decode(c.Body)
	return err
}

func (p *Parser) form(r *http.Request, c *Call) error {
	whole, err := peek(r, c, maxFormBytes)
	if err != nil {
		return err
	}
	if !whole {
		return &Error{Code: "RequestEntityTooLarge", Message: "the form is too long", Status: http.StatusRequestEntityTooLarge, Sender: true}
	}
	form, err := url.ParseQuery(string(c.Body))
	if err != nil {
		return Refuse("MalformedQueryString", "the form does not decode")
	}
	for name, values := range c.Query {
		if !form.Has(name) && !strings.HasPrefix(name, "X-Amz-") {
			form[name] = values
		}
	}
	c.Operation, c.Version = form.Get("Action"), form.Get("Version")
	form.Del("Action")
	form.Del("Version")
	c.Params, c.Protocol = Form(form), Query
	if m := p.table.versioned(c.Service, c.Version); m != nil {
		c.adopt(m)
	}
	if c.Service == "ec2" {
		c.Protocol = EC2
	}
	return nil
}

// versioned finds the query service of a form: services that share a signing
// name (the two load balancers) differ in version, and unsigned calls
// (AssumeRoleWithWebIdentity) have nothing but the version.
func (t *Table) versioned(signing, version string) *Model {
	candidates := t.Signed(signing)
	if signing == "" {
		candidates = t.models
	}
	for _, m := range candidates {
		if m.Version == version && (m.Speaks(Query) || m.Speaks(EC2)) {
			// DocumentDB and Neptune are signed as RDS and have its version.
			if m.Name == "docdb" || m.Name == "neptune" {
				continue
			}
			return m
		}
	}
	if signing != "" && len(candidates) > 0 {
		return candidates[0]
	}
	return nil
}

func (p *Parser) rest(r *http.Request, c *Call) {
	models := p.table.Signed(c.Service)
	m, operation, labels := p.table.Operation(models, r, c.Path)
	if m == nil {
		p.adoptFirst(c)
		c.Protocol = RestJSON
		for _, m := range models {
			if rest := m.rest(); rest != "" {
				c.Protocol = rest
				break
			}
		}
	} else {
		c.adopt(m)
		c.Protocol, c.Operation = m.rest(), operation
	}
	c.Params = make(map[string]any, len(labels)+len(c.Query))
	for name, values := range c.Query {
		switch {
		case isAuth(name):
		case len(values) == 1:
			c.Params[name] = values[0]
		default:
			c.Params[name] = anys(values)
		}
	}
	for name, value := range labels {
		c.Params[name] = value
	}
}

// restBody adds the members of a JSON body. XML bodies become Params only for
// services other than S3, whose bodies are data.
func (p *Parser) restBody(r *http.Request, c *Call) error {
	if c.Service == "s3" || r.Body == nil || r.Body == http.NoBody {
		return nil
	}
	content := r.Header.Get("Content-Type")
	isJSON := c.Protocol == RestJSON && (content == "" || strings.Contains(content, "json"))
	if !isJSON && c.Protocol != RestXML {
		return nil
	}
	whole, err := peek(r, c, maxBodyBytes)
	if err != nil || !whole || len(c.Body) == 0 {
		return err
	}
	var members map[string]any
	if isJSON {
		members, err = decodeJSON(c.Body)
	} else {
		members, err = DecodeXML(c.Body)
	}
	if err != nil {
		// Lambda's payload and S3's configuration documents are whatever the
		// caller likes: what does not decode has no members, and whether it
		// is wrong is for the service to say.
		return nil
	}
	for name, value := range members {
		if _, taken := c.Params[name]; !taken {
			c.Params[name] = value
		}
	}
	return nil
}

func (c *Call) adopt(m *Model) {
	c.Service, c.Model, c.EventSource = m.Signing, m.Name, m.EventSource()
	c.Namespace = m.Namespace
	if c.Version == "" {
		c.Version = m.Version
	}
}

// adoptFirst names the service after its signing name alone.
func (p *Parser) adoptFirst(c *Call) {
	if models := p.table.Signed(c.Service); len(models) > 0 {
		c.adopt(models[0])
	} else if c.Service != "" {
		c.EventSource = c.Service + ".amazonaws.com"
	}
}

// peek reads up to limit bytes of the body into the call and puts them back.
// whole is false when the body is longer.
func peek(r *http.Request, c *Call, limit int64) (whole bool, err error) {
	c.BodyWhole = true
	if r.Body == nil {
		return true, nil
	}
	head, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	if err != nil {
		return false, fault.Of(fault.Unavailable, "read request body", "", err)
	}
	c.Body = head
	if int64(len(head)) <= limit {
		r.Body = io.NopCloser(bytes.NewReader(head))
		return true, nil
	}
	c.BodyWhole = false
	rest := r.Body
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(head), rest), rest}
	return false, nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

func sourceIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

func anys(values []string) []any {
	out := make([]any, len(values))
	for i, v := range values {
		out[i] = v
	}
	return out
}
