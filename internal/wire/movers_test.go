package wire

import (
	"testing"

	"example.com/landfall/internal/fault"
)

// A connection string opens the account that it is of, and no other.
func TestConnectionOf(t *testing.T) {
	t.Parallel()
	const key = "AccountKey=c2VjcmV0"
	for text, want := range map[string]string{
		"DefaultEndpointsProtocol=https;AccountName=shop;" + key + ";EndpointSuffix=core.windows.net": "https://shop.blob.core.windows.net",
		"AccountName=Shop;" + key: "https://shop.blob.core.windows.net",
		"AccountName=shop;" + key + ";BlobEndpoint=http://127.0.0.1:10000/shop/;": "http://127.0.0.1:10000/shop/",
		"AccountName=shop;SharedAccessSignature=sv=2024&sig=x%3D":                 "https://shop.blob.core.windows.net",
	} {
		a, ok, err := connectionOf(text, "shop")
		if err != nil || !ok || a.blob != want || a.credential == nil {
			t.Errorf("%s: %q %t %v", text, a.blob, ok, err)
		}
	}
	for _, text := range []string{"", "AccountName=other;" + key, "nonsense"} {
		if _, ok, err := connectionOf(text, "shop"); ok || err != nil {
			t.Errorf("%q: %t %v", text, ok, err)
		}
	}
	if _, _, err := connectionOf("AccountName=shop", "shop"); !fault.Is(err, fault.Invalid) {
		t.Error(err)
	}
	if got := (account{blob: "http://h/a/"}).container("$web"); got != "http://h/a/$web" {
		t.Error(got)
	}
}
