package awsgate

import (
	"encoding/json"
	"net"
	"net/http"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/awsgate/metrics"
	"example.com/landfall/internal/sandbox/awsgate/nodes"
)

// maxLoadBytes bounds what is loaded at once: two weeks of a large sandbox are
// a few hundred megabytes.
const maxLoadBytes = 8 << 30

// adminHandler serves what is the sandbox's own. It answers loopback only and
// no browser, so that no web page can reach it.
func (g *Gate) adminHandler(measured *metrics.Service, inventory *nodes.Service) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /_landfall/health", g.health)
	mux.Handle("/_landfall/faults", g.plan.Handler())
	mux.HandleFunc("POST /_landfall/metrics", func(w http.ResponseWriter, r *http.Request) {
		loaded, err := measured.Load(http.MaxBytesReader(w, r.Body, maxLoadBytes))
		reply(w, loaded, err)
	})
	mux.HandleFunc("POST /_landfall/nodes", func(w http.ResponseWriter, r *http.Request) {
		loaded, err := inventory.Load(http.MaxBytesReader(w, r.Body, maxLoadBytes))
		reply(w, map[string]int{"loaded": loaded}, err)
	})
	mux.HandleFunc("POST /_landfall/trail", func(w http.ResponseWriter, r *http.Request) {
		loaded, err := g.trail.Load(r.Context(), http.MaxBytesReader(w, r.Body, maxLoadBytes), r.URL.Query().Get("deliver") == "true")
		reply(w, loaded, err)
	})
	mux.HandleFunc("POST /_landfall/deliver", func(w http.ResponseWriter, r *http.Request) {
		g.settling.wait(r.Context())
		err := g.trail.Deliver(r.Context())
		reply(w, g.trail.Stats(), err)
	})
	mux.HandleFunc("/_landfall/", func(w http.ResponseWriter, r *http.Request) {
		reply(w, nil, fault.Of(fault.NotFound, "find endpoint", r.Method+" "+r.URL.Path, nil))
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.RemoteAddr)
		if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() || r.Header.Get("Origin") != "" {
			reply(w, nil, fault.Newf(fault.Denied, "serve %s: only programs on this machine may ask", r.URL.Path))
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// health says that the gate serves, and how much it holds.
func (g *Gate) health(w http.ResponseWriter, _ *http.Request) {
	reply(w, map[string]any{"status": "ok", "trail": g.trail.Stats(), "inFlight": len(g.slots)}, nil)
}

// reply answers in JSON. With an error the result says how far it came.
func reply(w http.ResponseWriter, result any, err error) {
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		w.WriteHeader(fault.HTTPStatus(err))
		problem := map[string]any{"error": err.Error(), "kind": fault.KindOf(err)}
		if hint := fault.HintOf(err); hint != "" {
			problem["hint"] = hint
		}
		if result != nil {
			problem["done"] = result
		}
		result = problem
	}
	// A client that is gone cannot be told anything.
	_ = json.NewEncoder(w).Encode(result)
}
