package azure

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/target"
)

const (
	providersVersion = "2022-09-01"
)

// checks collects what was looked at.
type checks []target.Check

func (c *checks) add(name, status, do, format string, args ...any) {
	*c = append(*c, target.Check{Name: name, Status: status, Detail: fmt.Sprintf(format, args...), Do: do})
}

// Preflight looks at what the design needs. What cannot be asked is unknown,
// and not an error; only a context that ends stops it.
func (d *Deployer) Preflight(ctx context.Context, in *design.Design) ([]target.Check, error) {
	var out checks
	for _, look := range []func(context.Context, *design.Design, *checks){d.providers, d.sizes, d.quotas, d.permissions, d.locks, d.policies, d.names} {
		look(ctx, in, &out)
		if err := ctx.Err(); err != nil {
			return nil, fault.Wrap(err, "look before deploying", in.Place.Group)
		}
	}
	return out, nil
}

// providers checks that every namespace of the design is registered in the
// subscription.
func (d *Deployer) providers(ctx context.Context, in *design.Design, out *checks) {
	namespaces := map[string]bool{}
	for _, r := range in.Resources {
		namespaces[r.Type.Service()] = true
	}
	for _, name := range slices.Sorted(maps.Keys(namespaces)) {
		var provider struct {
			RegistrationState string `json:"registrationState"`
		}
		_, err := d.client.get(ctx, "/subscriptions/"+d.subscribed+"/providers/"+name, providersVersion, &provider)
		what := "provider " + name
		switch {
		case err != nil:
			out.add(what, target.Unknown, "", "%v", brief(err))
		case strings.EqualFold(provider.RegistrationState, "Registered"):
			out.add(what, target.OK, "", "registered")
		default:
			out.add(what, target.Fails, "az provider register --namespace "+name, "not registered in the subscription (%s)", provider.RegistrationState)
		}
	}
}

// sizes checks that the region sells the machine sizes to this subscription.
func (d *Deployer) sizes(ctx context.Context, in *design.Design, out *checks) {
	wanted := sizesOf(in)
	if len(wanted) == 0 {
		return
	}
	sold := map[string]sku{}
	list, err := d.client.machines(ctx, in.Place.Location)
	if err != nil {
		out.add("machine sizes", target.Unknown, "", "list sizes of %s: %v", in.Place.Location, brief(err))
		return
	}
	for _, s := range list {
		sold[strings.ToLower(s.Name)] = s
	}
	for _, size := range wanted {
		s, ok := sold[strings.ToLower(size)]
		what := "size " + size
		switch {
		case !ok:
			out.add(what, target.Fails, "choose another size under design.overrides, or another region", "%s does not sell it", in.Place.Location)
		case len(s.Restrictions) > 0 && s.Restrictions[0].Type == "Location":
			out.add(what, target.Fails, "ask for access: Azure portal, Quotas, or choose another size", "restricted for this subscription in %s (%s)", in.Place.Location, s.Restrictions[0].ReasonCode)
		default:
			out.add(what, target.OK, "", "sold in %s", in.Place.Location)
		}
	}
}

func sizesOf(in *design.Design) []string {
	found := map[string]bool{}
	for _, r := range in.Resources {
		for _, path := range []string{"properties.hardwareProfile.vmSize", "sku.name"} {
			if size := design.Text(r.Body, path); strings.HasPrefix(string(r.Type), "Microsoft.Compute/virtualMachine") && strings.HasPrefix(size, "Standard_") {
				found[size] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// quotas compares what the design needs with what the region has left.
func (d *Deployer) quotas(ctx context.Context, in *design.Design, out *checks) {
	needed := map[string][]design.Quota{}
	for _, q := range in.Quotas {
		needed[q.Provider] = append(needed[q.Provider], q)
	}
	for _, provider := range slices.Sorted(maps.Keys(needed)) {
		left, err := d.left(ctx, provider, in.Place)
		for _, q := range needed[provider] {
			what := "quota " + q.Name
			room, known := left[strings.ToLower(q.Name)]
			switch {
			case err != nil:
				out.add(what, target.Unknown, "", "%v", brief(err))
			case !known:
				out.add(what, target.Unknown, "", "%s does not tell this limit in %s; needed: %d", provider, in.Place.Location, q.Needed)
			case room < q.Needed:
				out.add(what, target.Fails, "ask for a higher limit: Azure portal, Quotas; it may take days", "needs %d, %d left in %s", q.Needed, room, in.Place.Location)
			default:
				out.add(what, target.OK, "", "needs %d, %d left", q.Needed, room)
			}
		}
	}
}

// left returns limit minus use by the limit's name in lower case.
func (d *Deployer) left(ctx context.Context, provider string, place design.Place) (map[string]int64, error) {
	out := map[string]int64{}
	list, err := d.client.usages(ctx, provider, place.Location)
	for _, u := range list {
		out[strings.ToLower(u.Name)] = u.Limit - u.Used
	}
	return out, err
}

// permissions checks that the caller may write every type of the design.
func (d *Deployer) permissions(ctx context.Context, in *design.Design, out *checks) {
	grants, err := (&Access{d.client}).grants(ctx)
	if err != nil {
		out.add("permissions", target.Unknown, "", "read own permissions: %v", brief(err))
		return
	}
	types := map[string]bool{"Microsoft.Resources/subscriptions/resourceGroups": true, "Microsoft.Resources/deployments": true}
	for _, r := range in.Resources {
		types[string(r.Type)] = true
	}
	missing := 0
	for _, t := range slices.Sorted(maps.Keys(types)) {
		if action := t + "/write"; !allowed(grants, action) {
			missing++
			out.add("permission "+action, target.Fails, "ask for a role that holds it, on subscription "+d.subscribed, "not held")
		}
	}
	if missing == 0 {
		out.add("permissions", target.OK, "", "may write all %d types of the design", len(types))
	}
}

// nameAPIs are the checks of names that must be unique in the world: provider,
// version and the type in the provider's own words (REST references "Check Name
// Availability" of each).
func nameAPIs() map[string][2]string {
	return map[string][2]string{
		"Microsoft.Storage/storageAccounts":              {"/checkNameAvailability", "2023-05-01"},
		"Microsoft.KeyVault/vaults":                      {"/checkNameAvailability", "2023-07-01"},
		"Microsoft.Web/sites":                            {"/checkNameAvailability", "2023-12-01"},
		"Microsoft.ContainerRegistry/registries":         {"/checkNameAvailability", "2023-07-01"},
		"Microsoft.ServiceBus/namespaces":                {"/checkNameAvailability", "2024-01-01"},
		"Microsoft.EventHub/namespaces":                  {"/checkNameAvailability", "2024-01-01"},
		"Microsoft.DBforPostgreSQL/flexibleServers":      {"/checkNameAvailability", "2024-08-01"},
		"Microsoft.DBforMySQL/flexibleServers":           {"/checkNameAvailability", "2023-12-30"},
		"Microsoft.AppConfiguration/configurationStores": {"/checkNameAvailability", "2024-06-01"},
		"Microsoft.Network/trafficmanagerprofiles":       {"/checkTrafficManagerNameAvailabilityV2", "2022-04-01"},
		"Microsoft.ApiManagement/service":                {"/checkNameAvailability", "2024-05-01"},
	}
}

// names checks names that must be unique in the world, of resources that are
// not there yet.
func (d *Deployer) names(ctx context.Context, in *design.Design, out *checks) {
	apis := nameAPIs()
	for _, r := range in.Resources {
		api, ok := apis[string(r.Type)]
		if !ok {
			continue
		}
		what := "name " + r.Name
		if _, err := d.Read(ctx, r); err == nil {
			out.add(what, target.OK, "", "it is our own, in %s", in.Place.Group)
			continue
		}
		var answer struct {
			NameAvailable *bool  `json:"nameAvailable"`
			Message       string `json:"message"`
		}
		place := "/subscriptions/" + d.subscribed + "/providers/" + r.Type.Service() + api[0]
		err := d.client.post(ctx, place, api[1], map[string]any{"name": r.Name, "type": string(r.Type)}, &answer)
		switch {
		case err != nil:
			out.add(what, target.Unknown, "", "ask whether it is free: %v", brief(err))
		case answer.NameAvailable == nil:
			out.add(what, target.Unknown, "", "the provider does not say whether it is free")
		case *answer.NameAvailable:
			out.add(what, target.OK, "", "free")
		default:
			out.add(what, target.Fails, "give the environment another resource group, whose name the suffix is made of", "taken: %s", answer.Message)
		}
	}
}

// post asks a question that Resource Manager takes as a POST.
func (c *client) post(ctx context.Context, place, version string, body, into any) error {
	return c.send(ctx, http.MethodPost, place, map[string]string{"api-version": version}, body, into)
}

func (c *client) send(ctx context.Context, method, place string, query map[string]string, body, into any) error {
	request, err := runtime.NewRequest(ctx, method, runtime.JoinPaths(c.arm.Endpoint(), place))
	if err != nil {
		return err
	}
	values := request.Raw().URL.Query()
	for k, v := range query {
		values.Set(k, v)
	}
	request.Raw().URL.RawQuery = values.Encode()
	if body != nil {
		if err := runtime.MarshalAsJSON(request, body); err != nil {
			return err
		}
	}
	response, err := c.arm.Pipeline().Do(request)
	if err != nil {
		return err
	}
	if !runtime.HasStatusCode(response, http.StatusOK) {
		return runtime.NewResponseError(response)
	}
	return runtime.UnmarshalAsJSON(response, into)
}
