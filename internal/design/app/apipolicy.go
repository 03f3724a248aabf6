package app

import (
	"fmt"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
)

// policy is what API Management does with the calls of one API.
type policy struct {
	cors *cors
	// issuer and audiences are those of tokens, "" when no token is asked for.
	issuer    string
	audiences []string
	// open are the operations that ask for no token although others do.
	open map[string]bool
	// closed are operations whose callers nothing here can check: they are
	// refused until a person says how. shut refuses all of them.
	closed map[string]bool
	shut   bool
	// needs are the backends and named values that the policy names.
	needs []cloud.ResourceID
	// rate is in calls a second over the whole API, 0 for no limit.
	rate int
	// timeoutSeconds bounds one call of a backend.
	timeoutSeconds int
	// cacheSeconds keeps answers to GET.
	cacheSeconds int
}

// cors is what browsers are told.
type cors struct {
	origins, methods, headers, expose []string
	credentials                       bool
	maxAge                            int
}

// xml writes the policy document (Microsoft Learn, "API Management policy
// reference").
func (p policy) xml(operations []operation) string {
	var in, out strings.Builder
	if p.cors != nil {
		p.cors.write(&in)
	}
	p.refuse(&in, operations)
	if p.issuer != "" {
		p.token(&in, operations)
	}
	if p.rate > 0 {
		fmt.Fprintf(&in, `<rate-limit-by-key calls="%d" renewal-period="1" counter-key="@(context.Api.Id)" />`, p.rate)
	}
	if p.cacheSeconds > 0 {
		in.WriteString(`<cache-lookup vary-by-developer="false" vary-by-developer-groups="false" />`)
		fmt.Fprintf(&out, `<cache-store duration="%d" />`, p.cacheSeconds)
	}
	backends(&in, operations)
	forward := `<base />`
	if p.timeoutSeconds > 0 {
		forward = fmt.Sprintf(`<forward-request timeout="%d" />`, p.timeoutSeconds)
	}
	return `<policies><inbound><base />` + in.String() + `</inbound><backend>` + forward + `</backend><outbound><base />` + out.String() + `</outbound><on-error><base /></on-error></policies>`
}

// close marks operations to refuse.
func (p *policy) close(method, path string) {
	if p.closed == nil {
		p.closed = map[string]bool{}
	}
	for _, m := range methods(method) {
		p.closed[m+" "+path] = true
	}
}

// pass marks operations that ask for nothing.
func (p *policy) pass(method, path string) {
	if p.open == nil {
		p.open = map[string]bool{}
	}
	for _, m := range methods(method) {
		p.open[m+" "+path] = true
	}
}

// refuse answers where nothing checks the caller, and where nothing answers.
func (p policy) refuse(in *strings.Builder, operations []operation) {
	var closed, empty []string
	for _, o := range operations {
		switch {
		case o.name == "" || o.mock:
		case p.shut || p.closed[o.method+" "+o.path]:
			closed = append(closed, o.name)
		case o.backend == "":
			empty = append(empty, o.name)
		}
	}
	for _, r := range []struct {
		names  []string
		code   int
		reason string
	}{{closed, 403, "No policy checks the caller yet"}, {empty, 501, "Nothing answers yet"}} {
		if len(r.names) > 0 {
			fmt.Fprintf(in, `<choose><when condition="%s"><return-response><set-status code="%d" reason="%s" /></return-response></when></choose>`, among(r.names), r.code, r.reason)
		}
	}
}

// token asks for a token, except on operations that ask for none.
func (p policy) token(in *strings.Builder, operations []operation) {
	var check strings.Builder
	fmt.Fprintf(&check, `<validate-jwt header-name="Authorization" failed-validation-httpcode="401"><openid-config url="%s" />`, escape(p.issuer))
	if len(p.audiences) > 0 {
		check.WriteString(`<audiences>`)
		for _, a := range p.audiences {
			check.WriteString(`<audience>` + escape(a) + `</audience>`)
		}
		check.WriteString(`</audiences>`)
	}
	check.WriteString(`</validate-jwt>`)
	var open []string
	for _, o := range operations {
		if o.name != "" && p.open[o.method+" "+o.path] {
			open = append(open, o.name)
		}
	}
	if len(open) == 0 {
		in.WriteString(check.String())
		return
	}
	in.WriteString(`<choose><when condition="` + among(open) + `" /><otherwise>` + check.String() + `</otherwise></choose>`)
}

// among is the condition that the operation is one of some.
func among(names []string) string {
	slices.Sort(names)
	return escape(`@(new [] { "` + strings.Join(names, `", "`) + `" }.Contains(context.Operation.Id))`)
}

// backends sends each operation to its own backend; the one with the most
// operations is the default.
func backends(in *strings.Builder, operations []operation) {
	by := map[string][]string{}
	var mocked []string
	for _, o := range operations {
		switch {
		case o.name == "":
		case o.mock:
			mocked = append(mocked, o.name)
		case o.backend != "":
			by[common.LastName(o.backend)] = append(by[common.LastName(o.backend)], o.name)
		}
	}
	order := []string{}
	for name := range by {
		order = append(order, name)
	}
	slices.SortFunc(order, func(a, b string) int {
		if len(by[a]) != len(by[b]) {
			return len(by[b]) - len(by[a])
		}
		return strings.Compare(a, b)
	})
	var whens strings.Builder
	if len(mocked) > 0 {
		whens.WriteString(`<when condition="` + among(mocked) + `"><mock-response status-code="200" content-type="application/json" /></when>`)
	}
	for _, name := range order[min(1, len(order)):] {
		whens.WriteString(`<when condition="` + among(by[name]) + `"><set-backend-service backend-id="` + name + `" /></when>`)
	}
	otherwise := ""
	if len(order) > 0 {
		otherwise = `<set-backend-service backend-id="` + order[0] + `" />`
	}
	if whens.Len() == 0 {
		in.WriteString(otherwise)
		return
	}
	in.WriteString(`<choose>` + whens.String())
	if otherwise != "" {
		in.WriteString(`<otherwise>` + otherwise + `</otherwise>`)
	}
	in.WriteString(`</choose>`)
}

func (c *cors) write(in *strings.Builder) {
	fmt.Fprintf(in, `<cors allow-credentials="%t">`, c.credentials)
	each := func(list, item string, values []string) {
		if len(values) == 0 {
			return
		}
		fmt.Fprintf(in, `<%s>`, list)
		for _, v := range values {
			fmt.Fprintf(in, `<%s>%s</%s>`, item, escape(v), item)
		}
		fmt.Fprintf(in, `</%s>`, list)
	}
	each("allowed-origins", "origin", c.origins)
	if c.maxAge > 0 {
		fmt.Fprintf(in, `<allowed-methods preflight-result-max-age="%d">`, c.maxAge)
	} else {
		in.WriteString(`<allowed-methods>`)
	}
	for _, m := range c.methods {
		in.WriteString(`<method>` + escape(m) + `</method>`)
	}
	in.WriteString(`</allowed-methods>`)
	each("allowed-headers", "header", c.headers)
	each("expose-headers", "header", c.expose)
	in.WriteString(`</cors>`)
}

// corsOf reads the CORS configuration of an HTTP API.
func corsOf(v any) *cors {
	m := object(v)
	if len(m) == 0 {
		return nil
	}
	some := func(name, otherwise string) []string {
		if values := design.Texts(m[name]); len(values) > 0 {
			return values
		}
		return []string{otherwise}
	}
	return &cors{some("AllowOrigins", "*"), some("AllowMethods", "*"), some("AllowHeaders", "*"), design.Texts(m["ExposeHeaders"]), design.True(m, "AllowCredentials"), design.Int(m, "MaxAge", 0)}
}
