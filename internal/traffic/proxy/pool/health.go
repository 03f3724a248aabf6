package pool

import (
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"
)

// watch checks an endpoint until ctx ends. The pause varies by a tenth, so
// that many proxies do not ask at the same moment.
func (s *Side) watch(ctx context.Context, e *Endpoint) {
	for {
		good := s.check(ctx, e)
		if ctx.Err() != nil {
			return
		}
		if e.checked(good, s.config.Health.Rise, s.config.Health.Fall) {
			s.log.Warn("health of an endpoint changed", "side", s.name, "endpoint", e.URL.Host, "healthy", good)
		}
		pause := s.config.Health.Interval.Std()
		timer := time.NewTimer(pause - pause/20 + rand.N(pause/10+1))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

// maxCheckBody bounds how much of a check's answer is read.
const maxCheckBody = 64 << 10

func (s *Side) check(ctx context.Context, e *Endpoint) bool {
	h := s.config.Health
	ctx, cancel := context.WithTimeout(ctx, h.Timeout.Std())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, e.URL.String()+h.Path, nil)
	if err != nil {
		return false
	}
	if req.Host = h.Host; req.Host == "" {
		req.Host = s.config.Host
	}
	req.Header.Set("User-Agent", "landfall-proxy health")
	// One exchange, no redirects: a redirect is an answer like another.
	res, err := s.ways.check.RoundTrip(req)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(res.Body, maxCheckBody)); err != nil {
		return false
	}
	if len(h.Statuses) > 0 {
		return slices.Contains(h.Statuses, res.StatusCode)
	}
	return res.StatusCode >= 200 && res.StatusCode < 400
}
