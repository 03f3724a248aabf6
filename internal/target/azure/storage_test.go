package azure

import (
	"encoding/json"
	"testing"

	"example.com/landfall/internal/fault"
)

func TestStorageAccountIsRead(t *testing.T) {
	t.Parallel()
	for sku, want := range map[string]StorageAccount{
		"Standard_LRS": {Redundancy: "LRS"}, "Standard_RAGRS": {Redundancy: "RA-GRS"}, "Standard_RAGZRS": {Redundancy: "RA-GZRS"}, "Premium_ZRS": {Redundancy: "ZRS", Premium: true},
		"StandardV2_GRS": {Redundancy: "GRS"},
	} {
		var a storageAccount
		if err := json.Unmarshal([]byte(`{"id":"/i","name":"n","sku":{"name":"`+sku+`"},"properties":{"isHnsEnabled":true,"primaryEndpoints":{"blob":"https://n.blob.core.windows.net/"}}}`), &a); err != nil {
			t.Fatal(err)
		}
		got, err := a.read()
		if err != nil || got.Redundancy != want.Redundancy || got.Premium != want.Premium || !got.Hierarchical || got.ID != "/i" {
			t.Errorf("%s: %+v %v", sku, got, err)
		}
	}
	if _, err := (&storageAccount{Name: "files", Kind: "FileStorage"}).read(); !fault.Is(err, fault.Unsupported) {
		t.Error(err)
	}
}

// The account is found by its name, in any case, and its key is read.
func TestStorageAccountIsFound(t *testing.T) {
	s, err := NewStorage(serve(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Account(t.Context(), "nosuchaccount"); !fault.Is(err, fault.NotFound) {
		t.Errorf("%v", err)
	}
	if _, err := s.Key(t.Context(), "/subscriptions/x/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/no"); err == nil {
		t.Error("a key of no account")
	}
	if _, err := NewStorage(Settings{}); !fault.Is(err, fault.Invalid) {
		t.Error(err)
	}
}
