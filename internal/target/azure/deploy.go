package azure

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	armpolicy "github.com/Azure/azure-sdk-for-go/sdk/azcore/arm/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/target"
)

// Deployer deploys through Resource Manager.
type Deployer struct {
	client      *client
	subscribed  string
	groups      *armresources.ResourceGroupsClient
	deployments *armresources.DeploymentsClient
	operations  *armresources.DeploymentOperationsClient
	now         func() time.Time
	// pause is the time between two looks at a deployment that is under way.
	pause time.Duration
}

var _ target.Deployer = (*Deployer)(nil)

// DeployOptions say how to deploy.
type DeployOptions struct {
	Now func() time.Time
	// Pause between two looks at what is under way; 5 s when 0.
	Pause time.Duration
}

// NewDeployer returns the deployer for a subscription, that of the settings
// unless the environment has its own. It makes no request.
func NewDeployer(s Settings, o DeployOptions) (*Deployer, error) {
	if s.Subscription == "" {
		return nil, fault.Newf(fault.Invalid, "no subscription is configured").Hintf("set target.subscription in landfall.yaml")
	}
	c, err := connect(s)
	if err != nil {
		return nil, err
	}
	options, err := clientOptions(s)
	if err != nil {
		return nil, err
	}
	factory, err := armresources.NewClientFactory(s.Subscription, c.credential, &armpolicy.ClientOptions{ClientOptions: options})
	if err != nil {
		return nil, fault.Of(fault.Invalid, "build Resource Manager client", s.Endpoint, err)
	}
	if o.Pause <= 0 {
		o.Pause = 5 * time.Second
	}
	return &Deployer{
		client: c, subscribed: s.Subscription, now: o.Now, pause: o.Pause,
		groups: factory.NewResourceGroupsClient(), deployments: factory.NewDeploymentsClient(), operations: factory.NewDeploymentOperationsClient(),
	}, nil
}

// Deploy makes the resource group and runs the deployment, or joins the one
// of the same name that is under way.
func (d *Deployer) Deploy(ctx context.Context, in target.Deployment, tags cloud.Tags, progress target.Progress) (target.Outcome, error) {
	if err := d.ensureGroup(ctx, in.Place, tags); err != nil {
		return target.Outcome{}, err
	}
	began := d.now()
	resumed, err := d.UnderWay(ctx, in)
	if err != nil {
		return target.Outcome{}, err
	}
	if !resumed {
		template, parameters, err := content(in)
		if err != nil {
			return target.Outcome{}, err
		}
		_, err = d.deployments.BeginCreateOrUpdate(ctx, in.Place.Group, in.Name, armresources.Deployment{Properties: &armresources.DeploymentProperties{
			Mode: new(armresources.DeploymentModeIncremental), Template: template, Parameters: parameters,
		}}, nil)
		if err != nil {
			return target.Outcome{}, d.fail(ctx, "deploy", in.Name, err)
		}
	}
	done, err := d.await(ctx, in, progress)
	if err != nil {
		return target.Outcome{}, err
	}
	return outcome(in, done, resumed, d.now().Sub(began)), nil
}

// ensureGroup makes the resource group when it is missing; one that is there
// is left as it is.
func (d *Deployer) ensureGroup(ctx context.Context, place design.Place, tags cloud.Tags) error {
	if there, err := d.hasGroup(ctx, place.Group); err != nil || there {
		return err
	}
	group := armresources.ResourceGroup{Location: new(string(place.Location)), Tags: map[string]*string{}}
	for k, v := range tags {
		group.Tags[k] = new(v)
	}
	if _, err := d.groups.CreateOrUpdate(ctx, place.Group, group, nil); err != nil {
		return d.fail(ctx, "make resource group", place.Group, err)
	}
	return nil
}

func (d *Deployer) hasGroup(ctx context.Context, name string) (bool, error) {
	_, err := d.groups.Get(ctx, name, nil)
	if err == nil {
		return true, nil
	}
	if classify(ctx, err) == fault.NotFound {
		return false, nil
	}
	return false, d.fail(ctx, "look for resource group", name, err)
}

// UnderWay reports whether a deployment of that name is running.
func (d *Deployer) UnderWay(ctx context.Context, in target.Deployment) (bool, error) {
	got, err := d.deployments.Get(ctx, in.Place.Group, in.Name, nil)
	if err != nil {
		if classify(ctx, err) == fault.NotFound {
			return false, nil
		}
		return false, d.fail(ctx, "look for deployment", in.Name, err)
	}
	return !ended(got.DeploymentExtended), nil
}

func ended(d armresources.DeploymentExtended) bool {
	if d.Properties == nil || d.Properties.ProvisioningState == nil {
		return false
	}
	return slices.Contains([]armresources.ProvisioningState{armresources.ProvisioningStateSucceeded, armresources.ProvisioningStateFailed, armresources.ProvisioningStateCanceled}, *d.Properties.ProvisioningState)
}

// goesOn is what to know when nobody watches any more.
const goesOn = "the deployment goes on at Azure; run the same command again to join it"

// await looks at the deployment until it has ended. A look that fails for a
// passing reason is repeated: the deployment goes on without us.
func (d *Deployer) await(ctx context.Context, in target.Deployment, progress target.Progress) (armresources.DeploymentExtended, error) {
	const patience = 20 // looks in a row that may fail
	failed := 0
	for {
		got, err := d.deployments.Get(ctx, in.Place.Group, in.Name, nil)
		switch {
		case err == nil && ended(got.DeploymentExtended):
			err := d.verdict(ctx, in, got.DeploymentExtended)
			if err == nil && progress != nil {
				// The last resources end between the last look and this one.
				progress(len(in.Resources), len(in.Resources), "")
			}
			return got.DeploymentExtended, err
		case err != nil && (ctx.Err() != nil || failed >= patience || !fault.Retryable(d.fail(ctx, "watch deployment", in.Name, err))):
			return armresources.DeploymentExtended{}, d.fail(ctx, "watch deployment", in.Name, err).Hintf("%s", goesOn)
		case err != nil:
			failed++
		default:
			failed = 0
			d.tell(ctx, in, progress)
		}
		select {
		case <-ctx.Done():
			return armresources.DeploymentExtended{}, fault.Of(fault.KindOf(ctx.Err()), "watch deployment", in.Name, nil).Hintf("%s", goesOn)
		case <-time.After(d.pause):
		}
	}
}

// tell counts the operations that have ended; what cannot be counted is not
// told.
func (d *Deployer) tell(ctx context.Context, in target.Deployment, progress target.Progress) {
	if progress == nil {
		return
	}
	done, current := map[string]bool{}, ""
	pager := d.operations.NewListPager(in.Place.Group, in.Name, nil)
	for pager.More() {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return
		}
		for _, o := range page.Value {
			if o.Properties == nil || o.Properties.TargetResource == nil || o.Properties.TargetResource.ID == nil {
				continue
			}
			id := *o.Properties.TargetResource.ID
			if state := o.Properties.ProvisioningState; state != nil && *state == "Succeeded" {
				done[strings.ToLower(id)] = true
			} else {
				current = id
			}
		}
	}
	progress(len(done), len(in.Resources), current)
}

// verdict is the error of a deployment that did not succeed, with what the
// resource providers said.
func (d *Deployer) verdict(ctx context.Context, in target.Deployment, got armresources.DeploymentExtended) error {
	if *got.Properties.ProvisioningState == armresources.ProvisioningStateSucceeded {
		return nil
	}
	said := sayings(got.Properties.Error, nil)
	if len(said) == 0 {
		said = []string{"no reason given"}
	}
	return fault.Newf(fault.Invalid, "deploy %q: %s: %s", in.Name, *got.Properties.ProvisioningState, strings.Join(said, "; ")).
		Hintf("az deployment operation group list --resource-group %s --name %s", in.Place.Group, in.Name)
}

// sayings flattens the error tree of a deployment: the leaves say what is
// wrong.
func sayings(e *armresources.ErrorResponse, out []string) []string {
	if e == nil {
		return out
	}
	if len(e.Details) == 0 {
		text := text(e.Code) + ": " + text(e.Message)
		if e.Target != nil && *e.Target != "" {
			text = *e.Target + ": " + text
		}
		if !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	for _, detail := range e.Details {
		out = sayings(detail, out)
	}
	return out
}

func text(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

func outcome(in target.Deployment, done armresources.DeploymentExtended, resumed bool, took time.Duration) target.Outcome {
	out := target.Outcome{Name: in.Name, State: string(*done.Properties.ProvisioningState), Resumed: resumed, Correlation: text(done.Properties.CorrelationID), Seconds: took.Seconds(), Resources: []cloud.ResourceID{}}
	for _, r := range done.Properties.OutputResources {
		if r.ID != nil {
			out.Resources = append(out.Resources, cloud.ResourceID(*r.ID))
		}
	}
	slices.SortFunc(out.Resources, func(a, b cloud.ResourceID) int { return cmp.Compare(a, b) })
	return out
}

// content decodes the template and wraps the parameters as ARM wants them.
func content(in target.Deployment) (template any, parameters map[string]any, err error) {
	if err := json.Unmarshal(in.Template, &template); err != nil {
		return nil, nil, fault.Of(fault.Internal, "read template", in.Name, err)
	}
	parameters = map[string]any{}
	for name, value := range in.Parameters {
		parameters[name] = map[string]any{"value": value}
	}
	return template, parameters, nil
}

// Others lists what stands in the group and not in the design.
func (d *Deployer) Others(ctx context.Context, place design.Place, known []design.Resource) ([]cloud.ResourceID, error) {
	ours := map[string]bool{}
	for _, r := range known {
		ours[strings.ToLower(string(r.ID))] = true
	}
	out := []cloud.ResourceID{}
	next := string(place.GroupID()) + "/resources"
	for next != "" {
		var page struct {
			Value    []struct{ ID string }
			NextLink string
		}
		if _, err := d.client.get(ctx, next, "2021-04-01", &page); err != nil {
			if classify(ctx, err) == fault.NotFound {
				return out, nil
			}
			return nil, d.fail(ctx, "list resource group", place.Group, err)
		}
		for _, r := range page.Value {
			if !below(ours, r.ID) {
				out = append(out, cloud.ResourceID(r.ID))
			}
		}
		next = page.NextLink
	}
	slices.SortFunc(out, func(a, b cloud.ResourceID) int { return cmp.Compare(a, b) })
	return out, nil
}

// below reports whether an id, or what it stands in, is one of ours.
func below(ours map[string]bool, id string) bool {
	for text := strings.ToLower(id); strings.Contains(text, "/providers/"); text = text[:strings.LastIndexByte(text, '/')] {
		if ours[text] {
			return true
		}
	}
	return false
}

// Read returns a resource as Resource Manager holds it.
func (d *Deployer) Read(ctx context.Context, r design.Resource) (map[string]any, error) {
	body := map[string]any{}
	if _, err := d.client.get(ctx, string(r.ID), r.APIVersion, &body); err != nil {
		return nil, d.fail(ctx, "read resource", string(r.ID), err)
	}
	return body, nil
}

// fail gives an SDK error Landfall's kind and its one sentence; what Resource
// Manager says of a refused template is in the details of its body.
func (d *Deployer) fail(ctx context.Context, op, what string, err error) *fault.Error {
	kind := classify(ctx, err)
	reason := brief(err)
	if response, ok := errors.AsType[*azcore.ResponseError](err); ok && kind == fault.Invalid {
		if said := refused(response); said != "" {
			reason = errors.New(said)
		}
	}
	e := fault.Of(kind, op, what, reason)
	if kind == fault.Denied {
		return e.Hintf("%s", mend(kind, d.subscribed))
	}
	return e
}

// refused reads the error document of an answer.
func refused(e *azcore.ResponseError) string {
	if e.RawResponse == nil {
		return ""
	}
	var document struct {
		Error *armresources.ErrorResponse `json:"error"`
	}
	if err := runtime.UnmarshalAsJSON(e.RawResponse, &document); err != nil {
		return ""
	}
	said := sayings(document.Error, nil)
	const most = 5
	if len(said) > most {
		said = append(said[:most], fmt.Sprintf("and %d more", len(said)-most))
	}
	return strings.Join(said, "; ")
}
