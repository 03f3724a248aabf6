package deploy

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"example.com/landfall/internal/sandbox/arm/armerror"
	"example.com/landfall/internal/sandbox/arm/armid"
	"example.com/landfall/internal/sandbox/arm/control"
	"example.com/landfall/internal/sandbox/arm/document"
	"example.com/landfall/internal/sandbox/arm/template"
)

// maxDepth bounds deployments inside deployments.
const maxDepth = 5

// maxResults bounds how many what-if answers are kept for polling.
const maxResults = 200

// Runner runs deployments on a plane.
type Runner struct {
	plane       *control.Plane
	environment func() map[string]any
	log         *slog.Logger

	mu      sync.Mutex
	kept    map[string]*run
	results map[string]any
	order   []string
	serial  int
}

// run is what is remembered of one deployment beside its record.
type run struct {
	template   map[string]any
	operations []map[string]any
	cancel     context.CancelFunc
	active     bool
}

// NewRunner returns a runner. environment is the answer of the template
// function of that name.
func NewRunner(plane *control.Plane, environment func() map[string]any, log *slog.Logger) *Runner {
	return &Runner{plane: plane, environment: environment, log: log, kept: map[string]*run{}, results: map[string]any{}}
}

// Request is a deployment as it was posted.
type Request struct {
	// ID is the deployment's own id.
	ID         armid.ID
	APIVersion string
	// Body has location and properties.
	Body map[string]any

	outer  *template.Template
	assume map[string]bool
	// made is what the outer template makes before this one runs.
	made *control.Planned
	// groups are the regions of resource groups that the outer template makes.
	groups map[string]string
	depth  int
}

func (q Request) property(path string) any { return document.Get(q.Body, "properties."+path) }

// plan is a read request.
type plan struct {
	Request
	template *template.Template
	complete bool
	source   map[string]any
}

// read checks the request and reads the template.
func (r *Runner) read(q Request) (*plan, error) {
	if q.depth > maxDepth {
		return nil, armerror.BadRequest("InvalidTemplate", "Deployment template validation failed: 'deployments are nested more than %d deep'.", maxDepth)
	}
	for _, link := range []string{"templateLink", "parametersLink"} {
		if q.property(link) != nil {
			return nil, armerror.NotSupported("'properties." + link + "' of a deployment; give the template itself")
		}
	}
	source := document.Object(q.Body, "properties.template")
	if source == nil {
		return nil, armerror.BadRequest("InvalidRequestContent", "The request content was invalid: 'properties.template' is missing or not an object.").At("properties.template")
	}
	complete, err := r.mode(q)
	if err != nil {
		return nil, err
	}
	p := &plan{Request: q, complete: complete, source: source}
	place, err := r.place(q, complete)
	if err != nil {
		return nil, err
	}
	if q.outer != nil && !strings.EqualFold(document.Text(q.Body, "properties.expressionEvaluationOptions.scope"), "inner") {
		p.template, err = template.ReadNested(source, q.outer, place)
		return p, err
	}
	p.template, err = template.Read(source, document.Object(q.Body, "properties.parameters"), place)
	return p, err
}

func (r *Runner) mode(q Request) (complete bool, err error) {
	mode, _ := q.property("mode").(string)
	switch strings.ToLower(mode) {
	case "incremental":
		return false, nil
	case "complete":
		if q.ID.Group == "" {
			return false, armerror.BadRequest("InvalidDeploymentMode", "The deployment mode 'Complete' is not supported at the scope of a subscription.")
		}
		return true, nil
	}
	return false, armerror.BadRequest("InvalidRequestContent", "The request content was invalid: 'properties.mode' is '%s', not 'Incremental' or 'Complete'.", mode).At("properties.mode")
}

// place answers the scope functions of the template.
func (r *Runner) place(q Request, complete bool) (template.Place, error) {
	scope := q.ID.Scope()
	place := template.Place{Scope: scope, Environment: r.environment(), Now: r.plane.Now(), Tenant: map[string]any{"tenantId": r.plane.Tenant(), "id": "/tenants/" + r.plane.Tenant()}}
	sub, err := r.plane.Get(armid.ID{Subscription: scope.Subscription})
	if err != nil {
		return place, err
	}
	place.Subscription = sub.Body
	if scope.Group != "" {
		group, err := r.plane.Get(scope)
		switch {
		case err == nil:
			place.Group = group.Body
		case q.assume[scope.Key()]:
			place.Group = map[string]any{"id": scope.String(), "name": scope.Group, "type": "Microsoft.Resources/resourceGroups", "location": q.groups[scope.Key()]}
		default:
			return place, err
		}
	}
	mode := "Incremental"
	if complete {
		mode = "Complete"
	}
	place.Deployment = map[string]any{"name": q.ID.Name(), "properties": map[string]any{"mode": mode, "provisioningState": "Accepted", "template": map[string]any{"contentVersion": document.Get(q.Body, "properties.template.contentVersion")}}}
	if location := document.Text(q.Body, "location"); location != "" {
		place.Deployment["location"] = location
	}
	return place, nil
}

// newGroups are the resource groups that a template makes, with their regions,
// so that a nested template can be judged before they exist.
func (r *Runner) newGroups(p *plan) map[string]string {
	out := map[string]string{}
	for key, region := range p.groups {
		out[key] = region
	}
	for _, resource := range p.template.Resources {
		if !resource.ID.IsGroup() || resource.Skipped {
			continue
		}
		if body, _, err := resource.Preview(runtime{r.plane, true}); err == nil {
			out[resource.ID.Key()] = document.Text(body, "location")
		}
	}
	return out
}

// runtime answers reference and list functions from the plane.
type runtime struct {
	plane *control.Plane
	// soft defers what does not exist yet instead of failing.
	soft bool
}

var _ template.Runtime = runtime{}

// Reference gives the properties of a resource, or all of it.
func (rt runtime) Reference(id armid.ID, full bool) (any, error) {
	v, err := rt.plane.Get(id)
	if err != nil {
		if rt.soft {
			return nil, template.ErrDeferred
		}
		return nil, err
	}
	if full {
		return v.Body, nil
	}
	if inner := document.Object(v.Body, "properties"); inner != nil {
		return inner, nil
	}
	return map[string]any{}, nil
}

// List posts a list action.
func (rt runtime) List(function string, id armid.ID, body any) (any, error) {
	if _, err := rt.plane.Get(id); err != nil && rt.soft {
		return nil, template.ErrDeferred
	}
	input, _ := body.(map[string]any)
	answer, _, _, err := rt.plane.Act(id, function, input)
	if err != nil {
		return nil, err
	}
	return document.Of(answer)
}

// Result gives the answer of a finished what-if.
func (r *Runner) Result(operation string) (any, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	v, ok := r.results[operation]
	return v, ok
}

func (r *Runner) keepResult(operation string, v any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.results[operation] = v
	r.order = append(r.order, operation)
	for len(r.order) > maxResults {
		delete(r.results, r.order[0])
		r.order = r.order[1:]
	}
}

// Template gives the template of a deployment, for exportTemplate.
func (r *Runner) Template(id armid.ID) (map[string]any, error) {
	if _, err := r.plane.Get(id); err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if k, ok := r.kept[id.Key()]; ok {
		return k.template, nil
	}
	return nil, armerror.NotFound("DeploymentNotFound", "Deployment '%s' could not be found.", id.Name())
}

// Operations lists the operations of a deployment, or the one named.
func (r *Runner) Operations(id armid.ID) ([]map[string]any, error) {
	if _, err := r.plane.Get(id); err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if k, ok := r.kept[id.Key()]; ok {
		return append([]map[string]any{}, k.operations...), nil
	}
	return []map[string]any{}, nil
}

// Cancel stops a deployment that is running: what is being written is
// finished, nothing new is started.
func (r *Runner) Cancel(id armid.ID) error {
	if _, err := r.plane.Get(id); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	k, ok := r.kept[id.Key()]
	if !ok || !k.active {
		return armerror.Conflict("DeploymentCannotBeCancelled", "The deployment '%s' cannot be cancelled because it is not running.", id.Name())
	}
	k.cancel()
	return nil
}

// record notes one deployment operation.
func (r *Runner) record(deployment armid.ID, entry map[string]any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k := r.kept[deployment.Key()]
	if k == nil {
		return
	}
	r.serial++
	id := strings.ToUpper(hex.EncodeToString(hash(deployment.Key() + strconv.Itoa(r.serial))[:8]))
	entry["operationId"], entry["id"] = id, deployment.String()+"/operations/"+id
	k.operations = append(k.operations, entry)
}

func hash(s string) []byte {
	sum := sha256.Sum256([]byte(s))
	return sum[:]
}

// templateHash identifies a template as the service's own hash does: equal
// templates have equal ones. The number itself is not the service's.
func templateHash(source map[string]any) string {
	data, err := json.Marshal(source)
	if err != nil {
		return ""
	}
	n := uint64(0)
	for _, b := range hash(string(data))[:8] {
		n = n<<8 | uint64(b)
	}
	return strconv.FormatUint(n, 10)
}

func isoSeconds(d time.Duration) string { return fmt.Sprintf("PT%.7fS", d.Seconds()) }
