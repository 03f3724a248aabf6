package azure

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/target"
)

const skusVersion = "2021-07-01"

// PublicPrices is the address of Azure's retail prices, which need no
// credentials (Microsoft Learn, "Azure Retail Prices overview").
const PublicPrices = "https://prices.azure.com"

// sku is an entry of the list of compute sizes.
type sku struct {
	ResourceType string `json:"resourceType"`
	Name         string `json:"name"`
	Family       string `json:"family"`
	Restrictions []struct {
		Type       string `json:"type"`
		ReasonCode string `json:"reasonCode"`
	} `json:"restrictions"`
	Capabilities []struct{ Name, Value string } `json:"capabilities"`
}

// restricted reports whether the whole region is closed to the subscription.
func (s sku) restricted() bool {
	return len(s.Restrictions) > 0 && s.Restrictions[0].Type == "Location"
}

// machines lists the machine sizes of a region, those that are restricted
// included.
func (c *client) machines(ctx context.Context, region cloud.Region) ([]sku, error) {
	var out []sku
	next := "/subscriptions/" + c.settings.Subscription + "/providers/Microsoft.Compute/skus"
	query := map[string]string{"api-version": skusVersion, "$filter": "location eq '" + string(region) + "'"}
	for next != "" {
		var page struct {
			Value    []sku  `json:"value"`
			NextLink string `json:"nextLink"`
		}
		var err error
		if strings.Contains(next, "://") { // a link carries its own query
			_, err = c.get(ctx, next, "", &page)
		} else {
			err = c.send(ctx, http.MethodGet, next, query, nil, &page)
		}
		if err != nil {
			return nil, err
		}
		for _, s := range page.Value {
			if s.ResourceType == "virtualMachines" {
				out = append(out, s)
			}
		}
		next = page.NextLink
	}
	return out, nil
}

// usageVersions are the providers that tell limits and what is used of them
// (REST references "Usage - List" and "Usages - List").
func usageVersions() map[string]string {
	return map[string]string{"Microsoft.Compute": "2024-11-01", "Microsoft.Network": "2024-05-01"}
}

// usages reads the limits of a provider; none for one that tells none.
func (c *client) usages(ctx context.Context, provider string, region cloud.Region) ([]catalog.Usage, error) {
	version, ok := usageVersions()[provider]
	if !ok {
		return nil, nil
	}
	var out []catalog.Usage
	next := "/subscriptions/" + c.settings.Subscription + "/providers/" + provider + "/locations/" + string(region) + "/usages"
	for next != "" {
		var page struct {
			Value []struct {
				CurrentValue int64 `json:"currentValue"`
				Limit        int64 `json:"limit"`
				Name         struct {
					Value string `json:"value"`
				} `json:"name"`
			} `json:"value"`
			NextLink string `json:"nextLink"`
		}
		if _, err := c.get(ctx, next, version, &page); err != nil {
			return nil, err
		}
		for _, u := range page.Value {
			out = append(out, catalog.Usage{Provider: provider, Name: u.Name.Value, Used: u.CurrentValue, Limit: u.Limit})
		}
		next = page.NextLink
	}
	return out, nil
}

// Facts reads what Azure offers.
type Facts struct {
	client *client
	prices string
}

var _ target.Facts = (*Facts)(nil)

// NewFacts returns the reader; prices is the address of the retail prices.
func NewFacts(s Settings, prices string) (*Facts, error) {
	if s.Subscription == "" {
		return nil, fault.Newf(fault.Invalid, "no subscription is configured").Hintf("set target.subscription in landfall.yaml")
	}
	c, err := connect(s)
	if err != nil {
		return nil, err
	}
	return &Facts{c, prices}, nil
}

// Sizes reads the sizes that a region sells to the subscription, by name.
func (f *Facts) Sizes(ctx context.Context, region cloud.Region) ([]catalog.VMSize, error) {
	list, err := f.client.machines(ctx, region)
	if err != nil {
		return nil, fault.Of(classify(ctx, err), "list machine sizes", string(region), brief(err))
	}
	out := []catalog.VMSize{}
	for _, s := range list {
		if !s.restricted() {
			out = append(out, s.size())
		}
	}
	slices.SortFunc(out, func(a, b catalog.VMSize) int { return cmp.Compare(a.Name, b.Name) })
	return out, nil
}

// size reads the capabilities, by the names that the list documents.
func (s sku) size() catalog.VMSize {
	out := catalog.VMSize{Name: s.Name, Family: s.Family, Arch: "amd64"}
	for _, c := range s.Capabilities {
		number, _ := strconv.ParseFloat(c.Value, 64) // what is no number is no number's capability
		yes := strings.EqualFold(c.Value, "True")
		switch c.Name {
		case "vCPUs":
			out.VCPU = int(number)
		case "MemoryGB":
			out.MiB = int(number * 1024)
		case "CpuArchitectureType":
			if strings.EqualFold(c.Value, "Arm64") {
				out.Arch = "arm64"
			}
		case "GPUs":
			out.GPUs = int(number)
		case "MaxDataDiskCount":
			out.DataDisks = int(number)
		case "MaxNetworkInterfaces":
			out.NICs = int(number)
		case "UncachedDiskIOPS":
			out.IOPS = int(number)
		case "UncachedDiskBytesPerSecond":
			out.MBps = number / 1e6
		case "MaxResourceVolumeMB":
			out.TempMiB, out.TempDisk = int(number), number > 0
		case "HyperVGenerations":
			out.Generations = strings.ReplaceAll(strings.ReplaceAll(c.Value, "V", ""), " ", "")
		case "AcceleratedNetworkingEnabled":
			out.AcceleratedNetworking = yes
		case "PremiumIO":
			out.PremiumIO = yes
		case "UltraSSDAvailable":
			out.UltraDisk = yes
		}
	}
	return out
}

// Usages reads the limits of all providers that tell them.
func (f *Facts) Usages(ctx context.Context, region cloud.Region) ([]catalog.Usage, error) {
	out := []catalog.Usage{}
	for _, provider := range slices.Sorted(maps.Keys(usageVersions())) {
		list, err := f.client.usages(ctx, provider, region)
		if err != nil {
			return nil, fault.Of(classify(ctx, err), "read limits", provider, brief(err))
		}
		out = append(out, list...)
	}
	return out, nil
}

// maxPricePage bounds an answer of the price list, which has 1,000 items.
const maxPricePage = 16 << 20

// Prices reads pay-as-you-go prices of Linux machines: no spot, no low
// priority, no Windows, by the hour.
func (f *Facts) Prices(ctx context.Context, region cloud.Region) (map[string]float64, error) {
	out := map[string]float64{}
	filter := "serviceName eq 'Virtual Machines' and priceType eq 'Consumption' and armRegionName eq '" + string(region) + "'"
	next := f.prices + "/api/retail/prices?" + url.Values{"$filter": {filter}}.Encode()
	for next != "" {
		if !sameServer(next, f.prices) {
			return nil, fault.Newf(fault.Refused, "follow a link away from the price list to %q", next)
		}
		var page struct {
			Items []struct {
				Size    string  `json:"armSkuName"`
				Price   float64 `json:"retailPrice"`
				Unit    string  `json:"unitOfMeasure"`
				Product string  `json:"productName"`
				Name    string  `json:"skuName"`
			}
			NextPageLink string
		}
		if err := f.page(ctx, next, &page); err != nil {
			return nil, err
		}
		for _, i := range page.Items {
			if i.Size != "" && i.Unit == "1 Hour" && !strings.Contains(i.Product, "Windows") && !strings.Contains(i.Name, "Spot") && !strings.Contains(i.Name, "Low Priority") {
				out[i.Size] = i.Price
			}
		}
		next = page.NextPageLink
	}
	return out, nil
}

// page reads one page; the price list takes no token, so none is sent.
func (f *Facts) page(ctx context.Context, address string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return fault.Of(fault.Invalid, "read prices", address, err)
	}
	options, err := clientOptions(f.client.settings)
	if err != nil {
		return err
	}
	client := http.DefaultClient
	if own, ok := options.Transport.(*http.Client); ok {
		client = own
	}
	answer, err := client.Do(request)
	if err != nil {
		return fault.Of(fault.Unavailable, "read prices", f.prices, err)
	}
	defer answer.Body.Close() //nolint:errcheck // only read
	if answer.StatusCode != http.StatusOK {
		return fault.Newf(classifyStatus(answer.StatusCode), "read prices of %q: HTTP %d", f.prices, answer.StatusCode)
	}
	if err := json.NewDecoder(http.MaxBytesReader(nil, answer.Body, maxPricePage)).Decode(into); err != nil {
		return fault.Of(fault.Unavailable, "read prices", f.prices, err)
	}
	return nil
}
