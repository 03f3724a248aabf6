package arm

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"example.com/landfall/internal/sandbox/arm/armerror"
	"example.com/landfall/internal/sandbox/arm/armid"
	"example.com/landfall/internal/sandbox/arm/control"
	"github.com/google/uuid"
)

// stampHeaders sets what every answer of Resource Manager carries.
func (s *Server) stampHeaders(w http.ResponseWriter, r *http.Request) {
	id := uuid.NewString()
	correlation := id
	for _, name := range []string{"X-Ms-Correlation-Request-Id", "X-Ms-Client-Request-Id"} {
		if given, err := uuid.Parse(r.Header.Get(name)); err == nil {
			correlation = given.String()
			break
		}
	}
	h := w.Header()
	h.Set("X-Ms-Request-Id", id)
	h.Set("X-Ms-Correlation-Request-Id", correlation)
	h.Set("X-Ms-Routing-Request-Id", "SANDBOX:"+s.options.Now().UTC().Format("20060102T150405Z")+":"+id)
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Content-Type-Options", "nosniff")
	name, left := s.budget.take(r.Method)
	h.Set("X-Ms-Ratelimit-Remaining-Subscription-"+name, strconv.Itoa(left))
}

// budget is what is left of the hourly limits that Resource Manager documents:
// 12,000 reads, 1,200 writes per principal and hour. The sandbox only shows
// them; it throttles by fault rules.
type budget struct {
	now  func() time.Time
	mu   sync.Mutex
	hour int64
	used map[string]int
}

func newBudget(now func() time.Time) *budget { return &budget{now: now, used: map[string]int{}} }

func (b *budget) take(method string) (name string, left int) {
	name, limit := "Reads", 12000
	switch method {
	case http.MethodPut, http.MethodPatch, http.MethodPost:
		name, limit = "Writes", 1200
	case http.MethodDelete:
		name, limit = "Deletes", 15000
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if hour := b.now().Unix() / 3600; hour != b.hour {
		b.hour, b.used = hour, map[string]int{}
	}
	b.used[name]++
	return name, max(limit-b.used[name], 0)
}

// writeJSON answers a body.
func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	// A client that is gone cannot be told anything.
	_ = json.NewEncoder(w).Encode(body)
}

// writeError answers an error in Resource Manager's form.
func writeError(w http.ResponseWriter, err error) {
	e := armerror.Of(err)
	w.Header().Set("X-Ms-Failure-Cause", "gateway")
	if e.Status == http.StatusTooManyRequests && w.Header().Get("Retry-After") == "" {
		w.Header().Set("Retry-After", "1")
	}
	writeJSON(w, e.Status, map[string]any{"error": e})
}

// writeOutcome answers a write or deletion: its status, the headers to poll
// when it goes on, and the resource unless it is being deleted.
func (s *Server) writeOutcome(c *call, out control.Outcome, withBody bool) {
	if out.Operation != nil {
		s.pollHeaders(c, s.snapshot(out.Operation), out.Status)
	}
	if out.View.ETag != "" {
		c.w.Header().Set("ETag", out.View.ETag)
	}
	if !withBody || out.View.Body == nil || out.Status == http.StatusNoContent {
		c.w.WriteHeader(out.Status)
		return
	}
	writeJSON(c.w, out.Status, out.View.Body)
}

// snapshot copies an operation that goes on while its answer is written.
func (s *Server) snapshot(op *control.Operation) control.Operation {
	now, err := s.plane.Operation(op.ID)
	if err != nil {
		return control.Operation{ID: op.ID, Verb: op.Verb, Target: op.Target, Location: op.Location}
	}
	return now
}

// pollHeaders says where an operation is polled. Storage accounts and the
// deletion of a group give a Location only, a finished-looking 200 or 201 an
// Azure-AsyncOperation only, everything else both.
func (s *Server) pollHeaders(c *call, op control.Operation, status int) {
	h := c.w.Header()
	if !locationOnly(op) {
		h.Set("Azure-AsyncOperation", s.operationURL(c, op, "operationStatuses"))
	}
	if status == http.StatusAccepted {
		h.Set("Location", s.operationURL(c, op, "operationResults"))
	}
	s.retryHeaders(h)
}

func locationOnly(op control.Operation) bool {
	kind := op.Target.TypeKey()
	return kind == "microsoft.storage/storageaccounts" || op.Target.IsGroup() || kind == "microsoft.resources/deployments" && op.Verb == http.MethodPost
}

// retryHeaders tells how long to wait before asking again. The header in
// milliseconds is honoured by Azure's own SDKs and keeps a sandbox with a short
// delay quick; the one in seconds is what Resource Manager sends.
func (s *Server) retryHeaders(h http.Header) {
	pause := max(s.options.Delay/2, 20*time.Millisecond)
	h.Set("Retry-After", strconv.Itoa(max(int((pause+time.Second-1)/time.Second), 1)))
	h.Set("X-Ms-Retry-After-Ms", strconv.FormatInt(pause.Milliseconds(), 10))
}

func (s *Server) operationURL(c *call, op control.Operation, word string) string {
	namespace := op.Target.Namespace()
	if namespace == "" {
		namespace = "Microsoft.Resources"
	}
	location := op.Location
	if location == "" {
		location = "global"
	}
	return fmt.Sprintf("https://%s/subscriptions/%s/providers/%s/locations/%s/%s/%s?api-version=%s", c.r.Host, s.options.Subscription, namespace, location, word, op.ID, c.version)
}

// isOperation reports whether an id is one of an operation to poll.
func isOperation(id armid.ID) (results, ok bool) {
	kind := id.TypeKey()
	if strings.HasSuffix(kind, "/locations/operationresults") {
		return true, true
	}
	return false, strings.HasSuffix(kind, "/locations/operationstatuses")
}
