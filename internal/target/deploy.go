package target

import (
	"context"

	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
)

// Deployment is one template for one resource group.
type Deployment struct {
	// Name is stable between tries: a run that was killed finds its deployment
	// by it and goes on waiting.
	Name  string
	Place design.Place
	// Template is an ARM deployment template.
	Template []byte
	// Parameters are the values of its parameters. They may hold secrets and are
	// never logged.
	Parameters map[string]any
	// Resources are those of the template, for what is asked one by one.
	Resources []design.Resource
}

// Change is what a deployment would do to one resource.
type Change struct {
	ID cloud.ResourceID `json:"id"`
	// Action is "create", "modify", "delete", "none", "ignore" or
	// "unsupported", the last when the target cannot tell.
	Action string `json:"action"`
	// Properties are the differences of a modification, by path, in order.
	Properties []PropertyChange `json:"properties,omitempty"`
	// Why says why nothing can be told.
	Why string `json:"why,omitempty"`
}

// The actions of a change.
const (
	Create      = "create"
	Modify      = "modify"
	Delete      = "delete"
	None        = "none"
	Ignore      = "ignore"
	Unsupported = "unsupported"
)

// PropertyChange is one property that would change.
type PropertyChange struct {
	Path   string `json:"path"`
	Action string `json:"action"`
	Before any    `json:"before,omitempty"`
	After  any    `json:"after,omitempty"`
}

// Check is one thing that a deployment needs and that was looked at first.
type Check struct {
	// Name is what was looked at: "provider Microsoft.Network", "quota
	// standardDSv5Family", "name stbookshop42".
	Name string `json:"name"`
	// Status is "ok", "fails" or "unknown"; unknown is no yes.
	Status string `json:"status"`
	Detail string `json:"detail"`
	Do     string `json:"do,omitempty"`
}

// The statuses of a check.
const (
	OK      = "ok"
	Fails   = "fails"
	Unknown = "unknown"
)

// Progress is told while a deployment runs.
type Progress func(done, total int, current string)

// Outcome is how a deployment ended.
type Outcome struct {
	Name string `json:"name"`
	// State is the target's own word: "Succeeded".
	State string `json:"state"`
	// Resumed says that the deployment was under way when it was asked for.
	Resumed bool `json:"resumed,omitempty"`
	// Correlation is the target's own id of the run, for its support.
	Correlation string             `json:"correlation,omitempty"`
	Resources   []cloud.ResourceID `json:"resources"`
	Seconds     float64            `json:"seconds"`
}

// Deployer deploys to the target. All methods may be repeated: looking comes
// before acting. Error kinds: fault.Denied, fault.Unavailable, fault.Throttled,
// fault.Invalid (the target refuses the template; the text names the resource).
type Deployer interface {
	// Preflight looks at what the design needs before anything is deployed:
	// providers, sizes, quotas, names, permissions.
	Preflight(ctx context.Context, d *design.Design) ([]Check, error)
	// WhatIf says what the deployment would do, in the order of the ids. In a
	// resource group that does not exist everything would be created.
	WhatIf(ctx context.Context, d Deployment) ([]Change, error)
	// UnderWay reports whether a deployment of that name is running.
	UnderWay(ctx context.Context, d Deployment) (bool, error)
	// Others lists what stands in the resource group and not among the given
	// resources or below one of them, in order; none for a group that is not there.
	Others(ctx context.Context, place design.Place, known []design.Resource) ([]cloud.ResourceID, error)
	// Deploy runs the deployment to its end, or joins the one of the same name
	// that is under way. The resource group is made when it is missing.
	Deploy(ctx context.Context, d Deployment, tags cloud.Tags, progress Progress) (Outcome, error)
	// Read returns a resource as the target holds it, fault.NotFound when it is
	// not there.
	Read(ctx context.Context, r design.Resource) (map[string]any, error)
}

// Facts reads what the target offers to the subscription. Error kinds are
// those of Deployer.
type Facts interface {
	// Sizes reads the machine sizes that a region sells to the subscription, by
	// name.
	Sizes(ctx context.Context, region cloud.Region) ([]catalog.VMSize, error)
	// Usages reads limits and what is used of them.
	Usages(ctx context.Context, region cloud.Region) ([]catalog.Usage, error)
	// Prices reads pay-as-you-go Linux prices in US dollars an hour by size.
	Prices(ctx context.Context, region cloud.Region) (map[string]float64, error)
}
