package arm

import (
	"net/http"
	"strings"

	"example.com/landfall/internal/sandbox/arm/armerror"
	"example.com/landfall/internal/sandbox/arm/armid"
	"example.com/landfall/internal/sandbox/arm/document"
	"example.com/landfall/internal/sandbox/arm/provider"
)

// regional serves what a provider offers in a region: quotas, capabilities,
// names.
func (s *Server) regional(c *call) error {
	namespace, region, tail := c.path.ID.Namespace(), provider.RegionName(c.path.ID.Name()), strings.ToLower(c.path.Tail)
	if !knownRegion(region) {
		return armerror.BadRequest("LocationNotAvailableForResourceType", "The provided location '%s' is not available for provider '%s'.", c.path.ID.Name(), namespace)
	}
	switch {
	case c.r.Method == http.MethodPost && strings.HasPrefix(tail, "checknameavailability"):
		return s.checkName(c, namespace)
	case c.r.Method != http.MethodGet:
		return armerror.NotSupported(c.r.Method + " of '" + c.r.URL.Path + "'")
	case tail == "usages":
		return s.writeFound(c, s.catalog.Usages(namespace, region))
	case tail == "capabilities":
		return s.writeFound(c, s.catalog.Capabilities(namespace, region))
	case tail == "vmsizes":
		return s.listVMSizes(c, region)
	}
	return armerror.NotSupported("GET of '" + c.r.URL.Path + "'")
}

func knownRegion(name string) bool {
	for _, r := range provider.Regions() {
		if r.Name == name {
			return true
		}
	}
	return false
}

// writeFound answers a list of the catalogue; one that it does not have is a
// clear refusal and not an empty list.
func (s *Server) writeFound(c *call, values []map[string]any) error {
	if values == nil {
		return armerror.NotSupported("'" + c.path.Tail + "' of provider '" + c.path.ID.Namespace() + "': the catalogue has no such data")
	}
	writeJSON(c.w, http.StatusOK, map[string]any{"value": values})
	return nil
}

func (s *Server) listSizes(c *call) error {
	filter := c.r.URL.Query().Get("$filter")
	region := "eastus"
	if m := comparison.FindStringSubmatch(strings.TrimSpace(filter)); m != nil && strings.EqualFold(m[1], "location") {
		region = provider.RegionName(m[3])
	} else if filter != "" {
		return badFilter(filter)
	}
	if !knownRegion(region) {
		writeJSON(c.w, http.StatusOK, map[string]any{"value": []any{}})
		return nil
	}
	writeJSON(c.w, http.StatusOK, map[string]any{"value": nonNil(s.catalog.Sizes(region))})
	return nil
}

func (s *Server) listVMSizes(c *call, region string) error {
	values := []any{}
	for _, sku := range s.catalog.Sizes(region) {
		values = append(values, map[string]any{"name": sku["name"]})
	}
	writeJSON(c.w, http.StatusOK, map[string]any{"value": values})
	return nil
}

func unknownNamespace(name string) error {
	return armerror.NotFound("InvalidResourceNamespace", "The resource namespace '%s' is invalid.", name)
}

// providerAction serves the POSTs that belong to a provider as a whole.
func (s *Server) providerAction(c *call, what string) error {
	namespace, ok := s.plane.Table().Namespace(c.path.Namespace)
	if !ok {
		return unknownNamespace(c.path.Namespace)
	}
	switch strings.ToLower(c.path.Tail) {
	case "register", "unregister":
		s.plane.Register(namespace, strings.EqualFold(c.path.Tail, "register"))
		writeJSON(c.w, http.StatusOK, s.providerBody(c.path.ID, namespace))
		return nil
	case "checknameavailability", "checktrafficmanagernameavailability", "checktrafficmanagernameavailabilityv2":
		return s.checkName(c, namespace)
	}
	return armerror.NotSupported("POST of '" + what + "'")
}

// checkName answers whether a name is free, in the form that the providers of
// the sandbox's types share.
func (s *Server) checkName(c *call, namespace string) error {
	body, err := c.body()
	if err != nil {
		return err
	}
	name, kind := document.Text(body, "name"), document.Text(body, "type")
	if name == "" || kind == "" {
		return armerror.BadRequest("InvalidRequestContent", "The request content was invalid: 'name' and 'type' are required.")
	}
	// Providers take the type with and without their namespace in front.
	if !strings.HasPrefix(strings.ToLower(kind), strings.ToLower(namespace)+"/") {
		kind = namespace + "/" + kind
	}
	id, err := armid.ID{Subscription: s.options.Subscription}.Under(kind, name)
	if err != nil {
		return armerror.BadRequest("InvalidResourceName", "The name '%s' is not valid for type '%s'.", name, kind)
	}
	if _, err := s.plane.CheckType(id, c.version); err != nil {
		return err
	}
	answer := map[string]any{"nameAvailable": true, "name": name, "type": kind}
	if reason, message := s.plane.Available(id); reason != "" {
		answer["nameAvailable"], answer["reason"], answer["message"] = false, reason, message
	}
	writeJSON(c.w, http.StatusOK, answer)
	return nil
}
