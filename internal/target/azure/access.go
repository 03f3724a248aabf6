package azure

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/target"
)

const (
	subscriptionsVersion = "2022-12-01"
	permissionsVersion   = "2022-04-01"
)

// Access tells who the Azure credentials belong to and what they may do.
type Access struct{ client *client }

var _ target.Access = (*Access)(nil)

// NewAccess returns the access check for the settings. It makes no request.
// Error kinds: fault.Invalid (settings), fault.Denied (no credentials).
func NewAccess(s Settings) (*Access, error) {
	if s.Subscription == "" {
		return nil, fault.Newf(fault.Invalid, "no subscription is configured").Hintf("set target.subscription in landfall.yaml")
	}
	c, err := connect(s)
	if err != nil {
		return nil, err
	}
	return &Access{c}, nil
}

// Caller reads the subscription, which needs a token first.
func (a *Access) Caller(ctx context.Context) (cloud.Caller, error) {
	var subscription struct {
		SubscriptionID string `json:"subscriptionId"`
		DisplayName    string `json:"displayName"`
		State          string `json:"state"`
	}
	at, err := a.client.get(ctx, "/subscriptions/"+a.client.settings.Subscription, subscriptionsVersion, &subscription)
	if err != nil {
		kind := classify(ctx, err)
		return cloud.Caller{}, fault.Of(kind, "read subscription", a.client.settings.Subscription, brief(err)).
			Hintf("%s", mend(kind, a.client.settings.Subscription))
	}
	if subscription.State != "" && subscription.State != "Enabled" {
		return cloud.Caller{}, fault.Newf(fault.Denied, "subscription %q is %s", subscription.SubscriptionID, strings.ToLower(subscription.State))
	}
	return cloud.Caller{Account: cloud.Account(subscription.SubscriptionID), Name: subscription.DisplayName, ServerTime: at}, nil
}

// grant is one entry of the permissions API: what a role of the caller allows
// and excludes, with "*" as wildcard.
type grant struct {
	Actions    []string `json:"actions"`
	NotActions []string `json:"notActions"`
}

// Probe compares the caller's permissions on the subscription with those that
// a deployment needs.
func (a *Access) Probe(ctx context.Context) []cloud.Probe {
	grants, err := a.grants(ctx)
	var probes []cloud.Probe
	for _, action := range needed() {
		probe := cloud.Probe{Permission: action}
		switch {
		case err != nil:
			probe.Err = fault.Of(classify(ctx, err), "read own permissions", "", brief(err))
		case !allowed(grants, action):
			probe.Err = fault.Of(fault.Denied, "hold permission", action, nil)
		}
		probes = append(probes, probe)
	}
	return probes
}

// grants reads every page of the caller's permissions on the subscription.
func (a *Access) grants(ctx context.Context) ([]grant, error) {
	var all []grant
	next := "/subscriptions/" + a.client.settings.Subscription + "/providers/Microsoft.Authorization/permissions"
	const pages = 100 // a caller with more than this many pages of roles is a server that loops
	for range pages {
		var page struct {
			Value    []grant `json:"value"`
			NextLink string  `json:"nextLink"`
		}
		if _, err := a.client.get(ctx, next, permissionsVersion, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Value...)
		if page.NextLink == "" {
			return all, nil
		}
		next = page.NextLink
	}
	return nil, fault.Newf(fault.Unavailable, "permissions go on after %d pages", pages)
}

// get reads one document. place is a path below the endpoint, or a whole URL
// as it stands in a nextLink. It returns the server's clock.
func (c *client) get(ctx context.Context, place, version string, into any) (time.Time, error) {
	address := place
	whole := strings.Contains(place, "://")
	if !whole {
		address = runtime.JoinPaths(c.arm.Endpoint(), place)
	} else if !sameServer(place, c.arm.Endpoint()) {
		// The request carries the caller's token: it must not follow a link to
		// another host.
		return time.Time{}, fault.Of(fault.Refused, "follow a link away from Resource Manager", place, nil)
	}
	request, err := runtime.NewRequest(ctx, http.MethodGet, address)
	if err != nil {
		return time.Time{}, err
	}
	if !whole {
		query := request.Raw().URL.Query()
		query.Set("api-version", version)
		request.Raw().URL.RawQuery = query.Encode()
	}
	response, err := c.arm.Pipeline().Do(request)
	if err != nil {
		return time.Time{}, err
	}
	if !runtime.HasStatusCode(response, http.StatusOK) {
		return time.Time{}, runtime.NewResponseError(response)
	}
	at, _ := http.ParseTime(response.Header.Get("Date")) // absent: the zero time says so
	return at, runtime.UnmarshalAsJSON(response, into)
}

// sameServer compares scheme, host and port; Resource Manager writes the
// default port into some of its links.
func sameServer(a, b string) bool {
	address := func(text string) string {
		u, err := url.Parse(text)
		if err != nil || u.Hostname() == "" {
			return text
		}
		port := u.Port()
		if port == "" && u.Scheme == "https" {
			port = "443"
		}
		return u.Scheme + "://" + strings.ToLower(u.Hostname()) + ":" + port
	}
	return address(a) == address(b)
}

// needed is what a deployment of a three-tier workload writes, in the words of
// Azure's permission reference.
func needed() []string {
	return []string{
		"Microsoft.Resources/subscriptions/resourceGroups/write",
		"Microsoft.Resources/deployments/write",
		"Microsoft.Network/virtualNetworks/write",
		"Microsoft.Compute/virtualMachineScaleSets/write",
		"Microsoft.Storage/storageAccounts/write",
		"Microsoft.DBforPostgreSQL/flexibleServers/write",
		"Microsoft.KeyVault/vaults/write",
		"Microsoft.ManagedIdentity/userAssignedIdentities/write",
		"Microsoft.Authorization/roleAssignments/write",
		"Microsoft.Insights/metricAlerts/write",
	}
}

// allowed applies Azure's rule for roles: a role allows an action that one of
// its actions matches and none of its notActions does; roles add up, so one
// role's exclusion does not take away what another grants.
func allowed(grants []grant, action string) bool {
	for _, g := range grants {
		if matchesAny(g.Actions, action) && !matchesAny(g.NotActions, action) {
			return true
		}
	}
	return false
}

func matchesAny(patterns []string, action string) bool {
	for _, p := range patterns {
		if matches(strings.ToLower(p), strings.ToLower(action)) {
			return true
		}
	}
	return false
}

// matches compares an action with a pattern in which "*" stands for any run
// of characters, slashes included.
func matches(pattern, action string) bool {
	head, tail, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == action
	}
	rest, ok := strings.CutPrefix(action, head)
	if !ok {
		return false
	}
	for i := range len(rest) + 1 {
		if matches(tail, rest[i:]) {
			return true
		}
	}
	return false
}
