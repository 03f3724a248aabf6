package arm

import (
	"net/http"

	"example.com/landfall/internal/sandbox/arm/control"
)

func (s *Server) getPermissions(c *call) error {
	values, err := s.plane.Permissions(c.principal, c.path.ID)
	if err != nil {
		return err
	}
	writeJSON(c.w, http.StatusOK, map[string]any{"value": values})
	return nil
}

func (s *Server) listRoleDefinitions(c *call) error {
	keep, err := readFilter(c.r.URL.Query().Get("$filter"))
	if err != nil {
		return err
	}
	values := []map[string]any{}
	for _, body := range s.plane.RoleDefinitions(c.path.ID) {
		if keep(control.View{ID: c.path.ID, Body: body}) {
			values = append(values, body)
		}
	}
	writeJSON(c.w, http.StatusOK, map[string]any{"value": values})
	return nil
}

// listRoleAssignments answers those at, below and above the scope; with
// atScope() only those at and above it.
func (s *Server) listRoleAssignments(c *call) error {
	return s.listInherited(c, "Microsoft.Authorization/roleAssignments")
}

func (s *Server) listLocks(c *call) error { return s.listInherited(c, "Microsoft.Authorization/locks") }

// listInherited lists what applies to a scope: extensions at it, above it and,
// unless atScope() is asked for, below it.
func (s *Server) listInherited(c *call, kind string) error {
	all, err := s.plane.List(control.Query{Scope: s.plane.Subscription(), Type: kind})
	if err != nil {
		return err
	}
	if _, err := s.plane.Get(c.path.ID); err != nil {
		return err
	}
	filter := c.r.URL.Query().Get("$filter")
	var out []control.View
	for _, v := range all {
		scope := v.ID.Scope()
		if scope.Contains(c.path.ID) || filter != "atScope()" && c.path.ID.Contains(scope) {
			out = append(out, v)
		}
	}
	return s.writePage(c, out, nil)
}
