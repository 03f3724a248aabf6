package arm

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"example.com/landfall/internal/sandbox/arm/armerror"
	"example.com/landfall/internal/sandbox/arm/armid"
	"example.com/landfall/internal/sandbox/arm/control"
	"example.com/landfall/internal/sandbox/arm/document"
)

// pageSize is how many items an answer has at most when the client does not
// ask for fewer; Resource Manager pages at 1,000.
const pageSize = 1000

func (s *Server) listGroups(c *call) error {
	all, err := s.plane.List(control.Query{Scope: c.path.ID, Type: "Microsoft.Resources/resourceGroups"})
	if err != nil {
		return err
	}
	return s.writePage(c, all, nil)
}

// listResources lists the tracked resources of a subscription or group in the
// short form: what they are, not what they have.
func (s *Server) listResources(c *call, kind string) error {
	all, err := s.plane.List(control.Query{Scope: c.path.ID, Type: kind})
	if err != nil {
		return err
	}
	return s.writePage(c, all, brief)
}

// brief keeps the members that a list of resources answers.
func brief(v control.View) map[string]any {
	out := map[string]any{}
	for _, key := range []string{"id", "name", "type", "location", "tags", "kind", "sku", "identity", "plan", "managedBy", "zones", "extendedLocation"} {
		if value, ok := v.Body[key]; ok {
			out[key] = value
		}
	}
	return out
}

// listType lists the resources of a type with everything they have.
func (s *Server) listType(c *call, kind string) error {
	probe, err := probeOf(c.path, kind)
	if err != nil {
		return unknownPath(c)
	}
	if _, err := s.plane.CheckType(probe, c.version); err != nil {
		return err
	}
	all, err := s.plane.List(control.Query{Scope: c.path.ID, Type: kind})
	if err != nil {
		return err
	}
	return s.writePage(c, all, nil)
}

// probeOf is an id of the type, for asking whether the type exists.
func probeOf(path armid.Path, kind string) (armid.ID, error) {
	names := strings.TrimSuffix(strings.Repeat("x/", strings.Count(kind, "/")), "/")
	return armid.ID{Subscription: path.ID.Subscription, Group: path.ID.Group}.Under(kind, names)
}

// writePage filters, cuts a page and answers it with a link to the next one.
func (s *Server) writePage(c *call, all []control.View, render func(control.View) map[string]any) error {
	query := c.r.URL.Query()
	keep, err := readFilter(query.Get("$filter"))
	if err != nil {
		return err
	}
	size, err := pageSizeOf(query)
	if err != nil {
		return err
	}
	after, err := readToken(query.Get("$skiptoken") + query.Get("$skipToken"))
	if err != nil {
		return err
	}
	values := []map[string]any{}
	next := ""
	for _, v := range all {
		if after != "" && v.ID.Key() <= after || !keep(v) {
			continue
		}
		if len(values) == size {
			next = s.nextLink(c, values[len(values)-1])
			break
		}
		body := v.Body
		if render != nil {
			body = render(v)
		}
		values = append(values, body)
	}
	answer := map[string]any{"value": values}
	if next != "" {
		answer["nextLink"] = next
	}
	writeJSON(c.w, http.StatusOK, answer)
	return nil
}

func pageSizeOf(query url.Values) (int, error) {
	text := query.Get("$top")
	if text == "" {
		return pageSize, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, armerror.BadRequest("InvalidTopQueryString", "The value '%s' of $top is not a positive number.", text)
	}
	return min(n, pageSize), nil
}

// nextLink continues after the last item shown, so that items that come or go
// between two pages are neither skipped nor shown twice.
func (s *Server) nextLink(c *call, last map[string]any) string {
	query := c.r.URL.Query()
	query.Del("$skipToken")
	query.Set("$skiptoken", base64.RawURLEncoding.EncodeToString([]byte(strings.ToLower(document.Text(last, "id")))))
	return "https://" + c.r.Host + c.r.URL.EscapedPath() + "?" + query.Encode()
}

func readToken(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	key, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return "", armerror.BadRequest("InvalidSkipTokenQueryString", "The $skiptoken is not one that this service has given.")
	}
	return string(key), nil
}
