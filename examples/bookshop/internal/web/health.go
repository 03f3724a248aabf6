package web

import (
	"context"
	"net/http"
	"sync"
	"time"

	"example.com/landfall/examples/bookshop/internal/trouble"
)

// checkTime bounds one check of /readyz; load balancers give up after 5 s.
const checkTime = 2 * time.Second

// check is one line of /readyz.
type check struct {
	Name         string  `json:"name"`
	OK           bool    `json:"ok"`
	Milliseconds float64 `json:"milliseconds"`
	Trouble      string  `json:"trouble,omitempty"` // the kind, not the text
}

// readiness is the answer of /readyz.
type readiness struct {
	Ready       bool    `json:"ready"`
	Draining    bool    `json:"draining"`
	TakesWrites bool    `json:"takesWrites"` // false behind a write fence; the shop stays ready for readers
	Checks      []check `json:"checks"`
}

// healthz says that the process answers, and nothing about what it needs: a
// restart would not mend a database.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	s.json(w, http.StatusOK, map[string]string{"status": "ok", "instance": s.opts.Instance})
}

func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), checkTime)
	defer cancel()
	result := readiness{Draining: s.draining.Load(), Checks: []check{{Name: "database"}, {Name: "objects"}, {Name: "queue"}}}
	probes := []func(context.Context) error{s.opts.Store.Check, s.opts.Blobs.Check, s.opts.Queue.Check}
	var wait sync.WaitGroup
	for i, probe := range probes {
		wait.Go(func() {
			began := time.Now()
			err := probe(ctx)
			c := &result.Checks[i]
			c.OK, c.Trouble = err == nil, string(trouble.KindOf(err))
			c.Milliseconds = float64(time.Since(began).Microseconds()) / 1000
			if err != nil {
				s.opts.Log.Warn("not ready", "check", c.Name, "error", err)
			}
		})
	}
	wait.Go(func() { result.TakesWrites = s.opts.Store.Writable(ctx) == nil })
	wait.Wait()
	result.Ready = !result.Draining
	for _, c := range result.Checks {
		result.Ready = result.Ready && c.OK
	}
	status := http.StatusOK
	if !result.Ready {
		status = http.StatusServiceUnavailable
	}
	s.json(w, status, result)
}
