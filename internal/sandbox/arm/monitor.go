package arm

import (
	"net/http"

	"example.com/landfall/internal/sandbox/arm/document"
)

func (s *Server) getMetrics(c *call) error {
	v, err := s.plane.Get(c.path.ID)
	if err != nil {
		return err
	}
	answer, err := s.metrics.Query(c.path.ID.String(), c.path.ID.Type(), document.Text(v.Body, "location"), c.r.URL.Query(), s.options.Now())
	if err != nil {
		return err
	}
	writeJSON(c.w, http.StatusOK, answer)
	return nil
}

func (s *Server) getDefinitions(c *call) error {
	if _, err := s.plane.Get(c.path.ID); err != nil {
		return err
	}
	writeJSON(c.w, http.StatusOK, s.metrics.Definitions(c.path.ID.String(), c.path.ID.Type()))
	return nil
}
