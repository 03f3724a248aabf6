package azure

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/fault"
)

func TestFactsOfARegion(t *testing.T) {
	f, err := NewFacts(serve(t), PublicPrices)
	if err != nil {
		t.Fatal(err)
	}
	sizes, err := f.Sizes(t.Context(), "eastus")
	if err != nil || len(sizes) == 0 {
		t.Fatalf("%d sizes, %v", len(sizes), err)
	}
	if at := slices.IndexFunc(sizes, func(s catalog.VMSize) bool { return s.VCPU == 0 || s.MiB == 0 || s.Family == "" }); at >= 0 {
		t.Errorf("a size without its capabilities: %+v", sizes[at])
	}
	usages, err := f.Usages(t.Context(), "eastus")
	if err != nil || !slices.ContainsFunc(usages, func(u catalog.Usage) bool { return u.Name == "cores" && u.Limit > 0 }) {
		t.Errorf("usages %+v %v", usages, err)
	}
}

func TestCapabilities(t *testing.T) {
	t.Parallel()
	s := sku{Name: "Standard_X", Family: "xFamily"}
	for _, c := range [][2]string{{"vCPUs", "4"}, {"MemoryGB", "3.5"}, {"CpuArchitectureType", "Arm64"}, {"MaxDataDiskCount", "8"}, {"UncachedDiskIOPS", "6400"}, {"UncachedDiskBytesPerSecond", "145000000"}, {"PremiumIO", "True"}, {"MaxResourceVolumeMB", "0"}, {"HyperVGenerations", "V1,V2"}, {"Surprise", "?"}} {
		s.Capabilities = append(s.Capabilities, struct{ Name, Value string }{c[0], c[1]})
	}
	got := s.size()
	if got.VCPU != 4 || got.MiB != 3584 || got.Arch != "arm64" || got.DataDisks != 8 || got.IOPS != 6400 || got.MBps != 145 || !got.PremiumIO || got.TempDisk || got.Generations != "1,2" {
		t.Errorf("size %+v", got)
	}
}

// The price list is paged, holds what is not asked for, and may not lead away.
func TestPrices(t *testing.T) {
	var away bool
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	mux.HandleFunc("/api/retail/prices", func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Query().Get("page") == "2":
			fmt.Fprint(w, `{"Items":[{"armSkuName":"Standard_D4s_v5","retailPrice":0.192,"unitOfMeasure":"1 Hour","productName":"Virtual Machines DSv5 Series","skuName":"D4s v5"}]}`)
		case away:
			fmt.Fprint(w, `{"Items":[],"NextPageLink":"http://192.0.2.1/api/retail/prices"}`)
		default:
			fmt.Fprintf(w, `{"Items":[
{"armSkuName":"Standard_D2s_v5","retailPrice":0.096,"unitOfMeasure":"1 Hour","productName":"Virtual Machines DSv5 Series","skuName":"D2s v5"},
{"armSkuName":"Standard_D2s_v5","retailPrice":0.188,"unitOfMeasure":"1 Hour","productName":"Virtual Machines DSv5 Series Windows","skuName":"D2s v5"},
{"armSkuName":"Standard_D2s_v5","retailPrice":0.01,"unitOfMeasure":"1 Hour","productName":"Virtual Machines DSv5 Series","skuName":"D2s v5 Spot"}],
"NextPageLink":"%s/api/retail/prices?page=2"}`, server.URL)
		}
	})
	f, err := NewFacts(Settings{Subscription: subscription, Endpoint: PublicPrices}, server.URL)
	if err != nil {
		t.Fatal(err)
	}
	got, err := f.Prices(t.Context(), "eastus")
	if err != nil || len(got) != 2 || got["Standard_D2s_v5"] != 0.096 || got["Standard_D4s_v5"] != 0.192 {
		t.Errorf("%v %v", got, err)
	}
	away = true
	if _, err := f.Prices(t.Context(), "eastus"); !fault.Is(err, fault.Refused) {
		t.Errorf("a link to another host: %v", err)
	}
}
