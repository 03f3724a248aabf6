package arm

import (
	"net/http"
	"strings"

	"example.com/landfall/internal/sandbox/arm/armerror"
)

// dispatch finds the handler: a path ends in a resource or scope, in a
// provider, or in a collection or action.
func (s *Server) dispatch(c *call) {
	var err error
	switch {
	case c.path.Namespace != "":
		err = s.dispatchProvider(c)
	case c.path.Tail == "":
		err = s.dispatchResource(c)
	case c.path.ID.IsResource():
		err = s.dispatchInside(c)
	default:
		err = s.dispatchScope(c)
	}
	if err != nil {
		writeError(c.w, err)
	}
}

func notAllowed(c *call) error {
	return armerror.New(http.StatusMethodNotAllowed, "MethodNotAllowed", "The method %s is not allowed on '%s'.", c.r.Method, c.r.URL.Path)
}

func unknownPath(c *call) error {
	return armerror.NotFound("ResourceNotFound", "The sandbox knows no %s on '%s'.", c.r.Method, c.r.URL.Path)
}

// dispatchScope serves the collections of the tenant, subscriptions and groups.
func (s *Server) dispatchScope(c *call) error {
	tail := strings.ToLower(c.path.Tail)
	if c.r.Method == http.MethodPost {
		switch tail {
		case "moveresources", "validatemoveresources", "exporttemplate":
			return armerror.NotSupported("'" + c.path.Tail + "'")
		}
		return unknownPath(c)
	}
	if c.r.Method != http.MethodGet {
		return notAllowed(c)
	}
	id := c.path.ID
	switch {
	case id.IsTenant() && tail == "subscriptions":
		return s.listSubscriptions(c)
	case id.IsTenant() && tail == "tenants":
		return s.listTenants(c)
	case tail == "providers" && id.Group == "":
		return s.listProviders(c)
	case id.IsSubscription() && tail == "locations":
		return s.listLocations(c)
	case id.IsSubscription() && tail == "resourcegroups":
		return s.listGroups(c)
	case id.IsSubscription() && tail == "tagnames":
		writeJSON(c.w, http.StatusOK, map[string]any{"value": nonNil(s.plane.TagNames())})
		return nil
	case tail == "resources" && !id.IsTenant():
		return s.listResources(c, "")
	}
	return unknownPath(c)
}

func nonNil(list []map[string]any) []map[string]any {
	if list == nil {
		return []map[string]any{}
	}
	return list
}

// dispatchInside serves what is inside a resource: its children, or an action.
func (s *Server) dispatchInside(c *call) error {
	id := c.path.ID
	tail := strings.ToLower(c.path.Tail)
	switch {
	case strings.HasSuffix(id.TypeKey(), "/locations"):
		return s.regional(c)
	case id.TypeKey() == "microsoft.resources/deployments":
		return s.dispatchDeployment(c, tail)
	case c.r.Method == http.MethodPost:
		return s.act(c)
	case c.r.Method == http.MethodGet && id.TypeKey() == "microsoft.compute/virtualmachines" && tail == "instanceview":
		return s.instanceView(c)
	case c.r.Method == http.MethodGet:
		return s.listType(c, id.Type()+"/"+c.path.Tail)
	}
	return notAllowed(c)
}

// dispatchProvider serves what stands directly below a provider: the provider
// itself, lists of a type, and what belongs to no resource.
func (s *Server) dispatchProvider(c *call) error {
	what := strings.ToLower(c.path.Namespace + "/" + c.path.Tail)
	switch {
	case c.path.Tail == "" && c.r.Method == http.MethodGet && c.path.ID.Group == "":
		return s.getProvider(c)
	case c.path.Tail == "":
		return notAllowed(c)
	case c.r.Method == http.MethodPost:
		return s.providerAction(c, what)
	case c.r.Method != http.MethodGet:
		return notAllowed(c)
	}
	switch what {
	case "microsoft.insights/metrics":
		return s.getMetrics(c)
	case "microsoft.insights/metricdefinitions":
		return s.getDefinitions(c)
	case "microsoft.authorization/permissions":
		return s.getPermissions(c)
	case "microsoft.authorization/roledefinitions":
		return s.listRoleDefinitions(c)
	case "microsoft.authorization/roleassignments":
		return s.listRoleAssignments(c)
	case "microsoft.authorization/locks":
		return s.listLocks(c)
	case "microsoft.compute/skus":
		return s.listSizes(c)
	}
	return s.listType(c, c.path.Namespace+"/"+c.path.Tail)
}
