package arm

import (
	"net/http"
	"strings"

	"example.com/landfall/internal/sandbox/arm/armerror"
	"example.com/landfall/internal/sandbox/arm/control"
	"example.com/landfall/internal/sandbox/arm/document"
	"example.com/landfall/internal/sandbox/arm/provider"
)

// dispatchResource serves one resource or scope by its id.
func (s *Server) dispatchResource(c *call) error {
	id := c.path.ID
	if results, ok := isOperation(id); ok {
		return s.poll(c, results)
	}
	switch {
	case id.TypeKey() == "microsoft.resources/deployments" && c.r.Method == http.MethodPut:
		return s.putDeployment(c)
	case id.TypeKey() == "microsoft.resources/deployments/operations":
		return s.getDeploymentOperation(c)
	case id.TypeKey() == "microsoft.resources/tags" && c.r.Method == http.MethodGet:
		return s.getTags(c)
	case id.TypeKey() == "microsoft.compute/virtualmachines/instanceview":
		return notAllowed(c)
	}
	switch c.r.Method {
	case http.MethodGet, http.MethodHead:
		return s.get(c)
	case http.MethodPut, http.MethodPatch:
		return s.put(c)
	case http.MethodDelete:
		return s.remove(c)
	}
	return notAllowed(c)
}

func (s *Server) get(c *call) error {
	id := c.path.ID
	if id.IsResource() {
		if _, err := s.plane.CheckType(id, c.version); err != nil {
			return err
		}
	}
	v, err := s.plane.Get(id)
	if c.r.Method == http.MethodHead {
		// HEAD tells by its status alone: 204 there, 404 not.
		status := http.StatusNoContent
		if err != nil {
			status = armerror.Of(err).Status
		}
		c.w.WriteHeader(status)
		return nil
	}
	if err != nil {
		return err
	}
	if tag := c.r.Header.Get("If-None-Match"); tag != "" && tag == v.ETag {
		c.w.Header().Set("ETag", v.ETag)
		c.w.WriteHeader(http.StatusNotModified)
		return nil
	}
	c.w.Header().Set("ETag", v.ETag)
	writeJSON(c.w, http.StatusOK, s.expanded(c, v))
	return nil
}

// expanded adds what $expand asks for: the instance view of a machine.
func (s *Server) expanded(c *call, v control.View) map[string]any {
	if !strings.EqualFold(c.r.URL.Query().Get("$expand"), "instanceView") || v.ID.TypeKey() != "microsoft.compute/virtualmachines" {
		return v.Body
	}
	values, state, err := s.plane.Runtime(v.ID)
	if err != nil {
		return v.Body
	}
	return document.Set(v.Body, "properties.instanceView", provider.InstanceView(state, values))
}

func (s *Server) instanceView(c *call) error {
	values, state, err := s.plane.Runtime(c.path.ID)
	if err != nil {
		return err
	}
	writeJSON(c.w, http.StatusOK, provider.InstanceView(state, values))
	return nil
}

func (s *Server) put(c *call) error {
	body, err := c.body()
	if err != nil {
		return err
	}
	out, err := s.plane.Write(c.r.Context(), control.Write{ID: c.path.ID, APIVersion: c.version, Body: body, Patch: c.r.Method == http.MethodPatch,
		IfMatch: c.r.Header.Get("If-Match"), IfNoneMatch: c.r.Header.Get("If-None-Match")})
	if err != nil {
		return err
	}
	s.writeOutcome(c, out, true)
	return nil
}

func (s *Server) remove(c *call) error {
	out, err := s.plane.Delete(c.r.Context(), control.Remove{ID: c.path.ID, APIVersion: c.version, IfMatch: c.r.Header.Get("If-Match")})
	if err != nil {
		return err
	}
	s.writeOutcome(c, out, false)
	return nil
}

// act posts an action.
func (s *Server) act(c *call) error {
	input, err := c.body()
	if err != nil {
		return err
	}
	if _, err := s.plane.CheckType(c.path.ID, c.version); err != nil {
		return err
	}
	body, answer, op, err := s.plane.Act(c.path.ID, c.path.Tail, input)
	if err != nil {
		return err
	}
	if op != nil {
		s.pollHeaders(c, s.snapshot(op), answer.Status)
	}
	if body == nil {
		c.w.WriteHeader(answer.Status)
		return nil
	}
	writeJSON(c.w, answer.Status, body)
	return nil
}

func (s *Server) getTags(c *call) error {
	v, err := s.plane.Tags(c.path.ID)
	if err != nil {
		return err
	}
	writeJSON(c.w, http.StatusOK, v.Body)
	return nil
}

// poll answers the status or the result of an operation.
func (s *Server) poll(c *call, results bool) error {
	if c.r.Method != http.MethodGet {
		return notAllowed(c)
	}
	op, err := s.plane.Operation(c.path.ID.Name())
	if err != nil {
		return err
	}
	if results {
		return s.pollResult(c, op)
	}
	body := map[string]any{"id": c.path.ID.String(), "name": op.ID, "status": op.Status, "startTime": op.Start.UTC().Format("2006-01-02T15:04:05.0000000Z")}
	if op.Status == control.InProgress {
		s.retryHeaders(c.w.Header())
	} else {
		body["endTime"] = op.End.UTC().Format("2006-01-02T15:04:05.0000000Z")
	}
	if op.Err != nil {
		body["error"] = op.Err
	}
	writeJSON(c.w, http.StatusOK, body)
	return nil
}

// pollResult answers 202 until the operation is over, then what it led to.
func (s *Server) pollResult(c *call, op control.Operation) error {
	if op.Status == control.InProgress {
		c.w.Header().Set("Location", s.operationURL(c, op, "operationResults"))
		s.retryHeaders(c.w.Header())
		c.w.WriteHeader(http.StatusAccepted)
		return nil
	}
	if op.Err != nil {
		return op.Err
	}
	if result, ok := s.deploy.Result(op.ID); ok {
		writeJSON(c.w, http.StatusOK, result)
		return nil
	}
	if op.Verb == http.MethodDelete || op.Verb == http.MethodPost {
		c.w.WriteHeader(http.StatusOK)
		return nil
	}
	v, err := s.plane.Get(op.Target)
	if err != nil {
		return err
	}
	writeJSON(c.w, http.StatusOK, v.Body)
	return nil
}
