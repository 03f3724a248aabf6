package arm

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/arm/armid"
	"example.com/landfall/internal/sandbox/arm/control"
)

// maxAdmin bounds an admin request; metrics of two weeks are far below it.
const maxAdmin = 1 << 30

// adminHandler serves the sandbox's own calls. They need no token, answer this
// machine only, and no browser, so that no web page can reach them.
func (s *Server) adminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /_landfall/health", s.health)
	mux.Handle("/_landfall/faults", s.faults.Handler())
	mux.HandleFunc("POST /_landfall/metrics", func(w http.ResponseWriter, r *http.Request) {
		n, err := s.metrics.Load(http.MaxBytesReader(w, r.Body, maxAdmin))
		adminReply(w, map[string]any{"loaded": n}, err)
	})
	mux.HandleFunc("POST /_landfall/monitor", s.setMonitor)
	mux.HandleFunc("/_landfall/", func(w http.ResponseWriter, r *http.Request) {
		adminReply(w, nil, fault.Of(fault.NotFound, "find endpoint", r.Method+" "+r.URL.Path, nil))
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.RemoteAddr)
		ip := net.ParseIP(host)
		if err != nil || ip == nil || !ip.IsLoopback() || r.Header.Get("Origin") != "" {
			adminReply(w, nil, fault.Newf(fault.Denied, "serve %s: only programs on this machine may ask", r.URL.Path))
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// health says that the server answers, what it holds, and whether bodies are
// judged by type definitions or by their structure only.
func (s *Server) health(w http.ResponseWriter, _ *http.Request) {
	stats := s.plane.Stats()
	check := "structure only: no file of type definitions was given"
	if stats.Definitions {
		check = "published type definitions"
	}
	adminReply(w, map[string]any{"status": "ok", "bodyCheck": check, "stats": stats, "metricPoints": s.metrics.Len(), "knownTypes": s.plane.Table().Len()}, nil)
}

// setMonitor sets what the probes of a Traffic Manager profile see of an
// endpoint: {"profile": id, "endpoint": name, "status": "Online"|"Degraded"}.
func (s *Server) setMonitor(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Profile  string `json:"profile"`
		Endpoint string `json:"endpoint"`
		Status   string `json:"status"`
	}
	d := json.NewDecoder(io.LimitReader(r.Body, 1<<16))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		adminReply(w, nil, fault.Of(fault.Invalid, "read monitor status", "", err))
		return
	}
	adminReply(w, map[string]any{"status": in.Status}, s.monitor(in.Profile, in.Endpoint, in.Status))
}

func (s *Server) monitor(profile, endpoint, status string) error {
	switch status {
	case "Online", "Degraded", "Inactive", "Stopped", "CheckingEndpoint":
	default:
		return fault.Newf(fault.Invalid, "set monitor status %q: want Online, Degraded, Inactive, Stopped or CheckingEndpoint", status)
	}
	id, err := armid.Parse(profile)
	if err != nil {
		return fault.Of(fault.Invalid, "read profile id", profile, err)
	}
	found := false
	for _, p := range s.Profiles() {
		if !strings.EqualFold(p.ID, profile) {
			continue
		}
		for _, e := range p.Endpoints {
			found = found || strings.EqualFold(e.Name, endpoint)
		}
	}
	if !found {
		return fault.Of(fault.NotFound, "find Traffic Manager endpoint", profile+" "+endpoint, nil)
	}
	return s.plane.SetRuntime(id, map[string]string{"monitor " + strings.ToLower(endpoint): status})
}

func adminReply(w http.ResponseWriter, result any, err error) {
	if err != nil {
		writeJSON(w, fault.HTTPStatus(err), map[string]any{"error": err.Error(), "kind": fault.KindOf(err), "done": result})
		return
	}
	writeJSON(w, http.StatusOK, result)
}

var _ http.Handler = (*Server)(nil)

// Stats says what the server holds.
func (s *Server) Stats() control.Stats { return s.plane.Stats() }
