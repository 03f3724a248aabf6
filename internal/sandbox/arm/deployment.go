package arm

import (
	"net/http"

	"example.com/landfall/internal/sandbox/arm/armerror"
	"example.com/landfall/internal/sandbox/arm/deploy"
	"example.com/landfall/internal/sandbox/arm/document"
)

// deploymentRequest reads the body of a deployment, a validation or a what-if.
func (c *call) deploymentRequest() (deploy.Request, error) {
	if c.path.ID.Subscription == "" || c.path.ID.IsExtension() {
		return deploy.Request{}, armerror.NotSupported("a deployment at the scope of '" + c.path.ID.Scope().String() + "'")
	}
	body, err := c.body()
	return deploy.Request{ID: c.path.ID, APIVersion: c.version, Body: body}, err
}

func (s *Server) putDeployment(c *call) error {
	q, err := c.deploymentRequest()
	if err != nil {
		return err
	}
	op, created, err := s.deploy.Create(c.r.Context(), q)
	if err != nil {
		return err
	}
	v, err := s.plane.Get(c.path.ID)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	s.pollHeaders(c, op, status)
	writeJSON(c.w, status, v.Body)
	return nil
}

// dispatchDeployment serves what is inside a deployment.
func (s *Server) dispatchDeployment(c *call, tail string) error {
	if c.r.Method == http.MethodGet && tail == "operations" {
		list, err := s.deploy.Operations(c.path.ID)
		if err != nil {
			return err
		}
		writeJSON(c.w, http.StatusOK, map[string]any{"value": nonNil(list)})
		return nil
	}
	if c.r.Method != http.MethodPost {
		return notAllowed(c)
	}
	switch tail {
	case "validate":
		return s.validateDeployment(c)
	case "whatif":
		return s.whatIf(c)
	case "cancel":
		if err := s.deploy.Cancel(c.path.ID); err != nil {
			return err
		}
		c.w.WriteHeader(http.StatusNoContent)
		return nil
	case "exporttemplate":
		t, err := s.deploy.Template(c.path.ID)
		if err != nil {
			return err
		}
		writeJSON(c.w, http.StatusOK, map[string]any{"template": t})
		return nil
	}
	return unknownPath(c)
}

func (s *Server) validateDeployment(c *call) error {
	q, err := c.deploymentRequest()
	if err != nil {
		return err
	}
	body, err := s.deploy.Validate(c.r.Context(), q)
	if err != nil {
		return err
	}
	writeJSON(c.w, http.StatusOK, document.Overlay(body, map[string]any{"id": c.path.ID.String(), "name": c.path.ID.Name(), "type": "Microsoft.Resources/deployments"}))
	return nil
}

func (s *Server) whatIf(c *call) error {
	q, err := c.deploymentRequest()
	if err != nil {
		return err
	}
	op, err := s.deploy.StartWhatIf(c.r.Context(), q)
	if err != nil {
		return err
	}
	s.pollHeaders(c, op, http.StatusAccepted)
	c.w.WriteHeader(http.StatusAccepted)
	return nil
}

func (s *Server) getDeploymentOperation(c *call) error {
	if c.r.Method != http.MethodGet {
		return notAllowed(c)
	}
	list, err := s.deploy.Operations(c.path.ID.Parent())
	if err != nil {
		return err
	}
	for _, entry := range list {
		if document.Text(entry, "operationId") == c.path.ID.Name() {
			writeJSON(c.w, http.StatusOK, entry)
			return nil
		}
	}
	return armerror.NotFound("DeploymentOperationNotFound", "The deployment operation '%s' could not be found.", c.path.ID.Name())
}
