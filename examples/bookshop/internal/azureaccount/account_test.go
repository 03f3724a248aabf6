package azureaccount_test

import (
	"net/http"
	"strings"
	"testing"

	"example.com/landfall/examples/bookshop/internal/azureaccount"
	"example.com/landfall/examples/bookshop/internal/trouble"
)

func TestNew(t *testing.T) {
	t.Parallel()
	const key = "c2VjcmV0" // "secret"
	for _, c := range []struct {
		name          string
		in            azureaccount.Settings
		blobs, queues string
		wrong         string
	}{
		{"name and key", azureaccount.Settings{Name: "shop", Key: key}, "https://shop.blob.core.windows.net", "https://shop.queue.core.windows.net", ""},
		{"connection string", azureaccount.Settings{ConnectionString: "DefaultEndpointsProtocol=http;AccountName=shop;AccountKey=" + key + ";EndpointSuffix=core.chinacloudapi.cn"},
			"http://shop.blob.core.chinacloudapi.cn", "http://shop.queue.core.chinacloudapi.cn", ""},
		{"endpoints in it", azureaccount.Settings{ConnectionString: "accountname=shop; accountkey=" + key + ";BlobEndpoint=http://127.0.0.1:1/shop/;QueueEndpoint=http://127.0.0.1:2/shop;"},
			"http://127.0.0.1:1/shop", "http://127.0.0.1:2/shop", ""},
		{"own endpoint wins", azureaccount.Settings{Name: "shop", Key: key, BlobEndpoint: "http://127.0.0.1:9/shop"}, "http://127.0.0.1:9/shop", "https://shop.queue.core.windows.net", ""},
		{"nothing", azureaccount.Settings{}, "", "", "AZURE_STORAGE_ACCOUNT"},
		{"another account", azureaccount.Settings{Name: "other", Key: key}, "", "", `"other"`},
		{"no key", azureaccount.Settings{Name: "shop"}, "", "", "key"},
		{"broken key", azureaccount.Settings{Name: "shop", Key: "%%topsecret"}, "", "", "key"},
		{"broken string", azureaccount.Settings{ConnectionString: "AccountName"}, "", "", "'='"},
	} {
		got, err := azureaccount.New(c.in, "shop")
		if c.wrong != "" {
			if !trouble.Is(err, trouble.Usage) || !strings.Contains(err.Error(), c.wrong) || strings.Contains(err.Error(), "topsecret") {
				t.Errorf("%s: got %v, want usage trouble that names %s and no secret", c.name, err, c.wrong)
			}
			continue
		}
		if err != nil || got.BlobEndpoint != c.blobs || got.QueueEndpoint != c.queues || got.KeyText() != key {
			t.Errorf("%s: got %+v, %v", c.name, got, err)
		}
	}
}

// The signature is pinned here; that it is the right one is proved by the
// queue driver's conformance test, whose server checks it.
func TestSign(t *testing.T) {
	t.Parallel()
	account, err := azureaccount.New(azureaccount.Settings{Name: "shop", Key: "c2VjcmV0"}, "shop")
	if err != nil {
		t.Fatal(err)
	}
	sign := func(method, url, body string) string {
		r, err := http.NewRequest(method, url, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("x-ms-date", "Sun, 22 Nov 2026 12:00:00 GMT")
		r.Header.Set("x-ms-version", "2021-12-02")
		account.Sign(r)
		return r.Header.Get("Authorization")
	}
	one := sign("GET", "https://shop.queue.core.windows.net/orders/messages?visibilitytimeout=30&numofmessages=10", "")
	if !strings.HasPrefix(one, "SharedKey shop:") || one != sign("GET", "https://shop.queue.core.windows.net/orders/messages?numofmessages=10&visibilitytimeout=30", "") {
		t.Errorf("the signature depends on the order of the query: %s", one)
	}
	for _, other := range []string{
		sign("DELETE", "https://shop.queue.core.windows.net/orders/messages?visibilitytimeout=30&numofmessages=10", ""),
		sign("GET", "https://shop.queue.core.windows.net/orders/messages?visibilitytimeout=31&numofmessages=10", ""),
		sign("GET", "https://shop.queue.core.windows.net/other/messages?visibilitytimeout=30&numofmessages=10", ""),
		sign("GET", "https://shop.queue.core.windows.net/orders/messages?visibilitytimeout=30&numofmessages=10", "body"),
	} {
		if other == one {
			t.Error("two requests have one signature")
		}
	}
}

func FuzzConnectionString(f *testing.F) {
	f.Add("DefaultEndpointsProtocol=https;AccountName=shop;AccountKey=c2VjcmV0;EndpointSuffix=core.windows.net")
	f.Add(";;=;a=b=c;AccountName=shop")
	f.Add("UseDevelopmentStorage=true")
	f.Fuzz(func(t *testing.T, text string) {
		account, err := azureaccount.New(azureaccount.Settings{ConnectionString: text}, "shop")
		if err == nil && (account.Name != "shop" || account.BlobEndpoint == "" || account.KeyText() == "") {
			t.Errorf("%q gave %+v", text, account)
		}
	})
}
