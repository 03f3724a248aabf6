package azure

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/target"
)

// leastPause is the shortest that the SDK's poller takes.
const leastPause = time.Second

// WhatIf asks Resource Manager what the deployment would do. Resources of the
// group that the template does not name are left out: an incremental
// deployment does not touch them.
func (d *Deployer) WhatIf(ctx context.Context, in target.Deployment) ([]target.Change, error) {
	there, err := d.hasGroup(ctx, in.Place.Group)
	if err != nil {
		return nil, err
	}
	if !there {
		return everything(in), nil
	}
	template, parameters, err := content(in)
	if err != nil {
		return nil, err
	}
	poller, err := d.deployments.BeginWhatIf(ctx, in.Place.Group, in.Name, armresources.DeploymentWhatIf{Properties: &armresources.DeploymentWhatIfProperties{
		Mode: new(armresources.DeploymentModeIncremental), Template: template, Parameters: parameters,
		WhatIfSettings: &armresources.DeploymentWhatIfSettings{ResultFormat: new(armresources.WhatIfResultFormatFullResourcePayloads)},
	}}, nil)
	if err != nil {
		return nil, d.fail(ctx, "ask what a deployment would do", in.Name, err)
	}
	result, err := poller.PollUntilDone(ctx, &runtime.PollUntilDoneOptions{Frequency: max(d.pause, leastPause)})
	if err != nil {
		return nil, d.fail(ctx, "ask what a deployment would do", in.Name, err)
	}
	if result.Error != nil {
		return nil, fault.Newf(fault.Invalid, "ask what deployment %q would do: %s", in.Name, strings.Join(sayings(result.Error, nil), "; "))
	}
	if result.Properties == nil {
		return nil, fault.Newf(fault.Unavailable, "ask what deployment %q would do: the answer is empty", in.Name)
	}
	return changes(result.Properties.Changes), nil
}

// everything is the answer for a group that does not exist.
func everything(in target.Deployment) []target.Change {
	out := []target.Change{}
	for _, r := range in.Resources {
		out = append(out, target.Change{ID: r.ID, Action: target.Create})
	}
	sortChanges(out)
	return out
}

func sortChanges(list []target.Change) {
	slices.SortFunc(list, func(a, b target.Change) int { return cmp.Compare(a.ID, b.ID) })
}

func changes(from []*armresources.WhatIfChange) []target.Change {
	out := []target.Change{}
	for _, c := range from {
		if c.ResourceID == nil || c.ChangeType == nil || *c.ChangeType == armresources.ChangeTypeIgnore {
			continue
		}
		change := target.Change{ID: cloud.ResourceID(*c.ResourceID), Action: action(*c.ChangeType), Why: text(c.UnsupportedReason)}
		if change.Action == target.Modify {
			change.Properties = properties("", c.Delta)
			if len(change.Properties) == 0 {
				change.Action = target.None
			}
		}
		out = append(out, change)
	}
	sortChanges(out)
	return out
}

func action(t armresources.ChangeType) string {
	switch t {
	case armresources.ChangeTypeCreate:
		return target.Create
	case armresources.ChangeTypeDelete:
		return target.Delete
	case armresources.ChangeTypeModify:
		return target.Modify
	case armresources.ChangeTypeNoChange:
		return target.None
	case armresources.ChangeTypeDeploy, armresources.ChangeTypeUnsupported:
		// "Deploy" means that it would be written and that nobody knows whether
		// it would change.
		return target.Unsupported
	}
	return target.Ignore
}

// properties flattens the tree of property changes. A change without effect
// is one that the provider fills in by itself.
func properties(prefix string, list []*armresources.WhatIfPropertyChange) []target.PropertyChange {
	var out []target.PropertyChange
	for _, p := range list {
		if p.PropertyChangeType == nil || *p.PropertyChangeType == armresources.PropertyChangeTypeNoEffect {
			continue
		}
		path := strings.TrimPrefix(prefix+"."+text(p.Path), ".")
		if len(p.Children) > 0 {
			out = append(out, properties(path, p.Children)...)
			continue
		}
		out = append(out, target.PropertyChange{Path: path, Action: strings.ToLower(string(*p.PropertyChangeType)), Before: plain(p.Before), After: plain(p.After)})
	}
	slices.SortStableFunc(out, func(a, b target.PropertyChange) int { return cmp.Compare(a.Path, b.Path) })
	return out
}

// plain turns what the SDK decoded into what encoding/json would have given.
func plain(v any) any {
	encoded, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	var out any
	if err := json.Unmarshal(encoded, &out); err != nil {
		return nil
	}
	return out
}
