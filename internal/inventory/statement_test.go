package inventory_test

import (
	"encoding/json"
	"net/url"
	"reflect"
	"slices"
	"testing"

	"example.com/landfall/internal/inventory"
	"pgregory.net/rapid"
)

func TestPolicyOfEveryForm(t *testing.T) {
	t.Parallel()
	want := []inventory.Statement{{Allow: true, Actions: []string{"s3:GetObject"}, Resources: []string{"arn:aws:s3:::a+b/*"}, Principals: []string{"123456789012"}, Services: []string{"sns.amazonaws.com"},
		Federated: []string{"arn:aws:iam::123456789012:saml-provider/x"}, Conditions: map[string]any{"Bool": map[string]any{"aws:SecureTransport": "true"}}}}
	one := map[string]any{"Effect": "Allow", "Action": "s3:GetObject", "Resource": []any{"arn:aws:s3:::a+b/*"}, "Condition": want[0].Conditions,
		"Principal": map[string]any{"AWS": 123456789012.0, "Service": []any{"sns.amazonaws.com"}, "Federated": "arn:aws:iam::123456789012:saml-provider/x"}}
	text, err := json.Marshal(map[string]any{"Statement": one})
	if err != nil {
		t.Fatal(err)
	}
	for name, document := range map[string]any{
		"one": map[string]any{"Statement": one}, "list": map[string]any{"Statement": []any{one}}, "properties": inventory.Properties{"Statement": one}, "text": string(text), "blanks": " \n" + string(text), "escaped": url.PathEscape(string(text)),
		"raw plus in an escaped text": "%7B" + string(text[1:]),
	} {
		if got := inventory.Policy(document); !reflect.DeepEqual(got, want) {
			t.Errorf("%s reads as %+v", name, got)
		}
	}
	for _, document := range []any{nil, 7.0, "no json", "%7Bno", "%7B%", "[1]", []any{}, map[string]any{}, map[string]any{"Statement": "text"}, map[string]any{"Statement": []any{nil, 1.0}}} {
		if got := inventory.Policy(document); len(got) != 0 {
			t.Errorf("%v reads as %+v", document, got)
		}
	}
}

func TestPolicyNegations(t *testing.T) {
	t.Parallel()
	got := inventory.Policy(map[string]any{"Statement": []any{
		map[string]any{"Effect": "Deny", "NotAction": "iam:*", "NotResource": []any{"a", nil, map[string]any{}, "", true}, "Principal": "*", "Condition": map[string]any{}},
		map[string]any{"Effect": 7.0, "Principal": []any{"x"}},
	}})
	want := []inventory.Statement{{NotActions: []string{"iam:*"}, NotResources: []string{"a", "true"}, Principals: []string{"*"}}, {}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
}

func TestPolicyOfAnything(t *testing.T) {
	t.Parallel()
	value := rapid.Custom(func(t *rapid.T) any {
		return rapid.SampledFrom([]any{nil, "x", 1.0, true, []any{nil, "a", []any{"b"}}, map[string]any{"AWS": nil}, map[string]any{}}).Draw(t, "value")
	})
	rapid.Check(t, func(t *rapid.T) {
		m := map[string]any{}
		for _, key := range []string{"Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "Condition"} {
			m[key] = value.Draw(t, key)
		}
		for _, s := range inventory.Policy(map[string]any{"Statement": m}) {
			if slices.Contains(slices.Concat(s.Actions, s.Resources, s.NotActions, s.NotResources), "") {
				t.Fatalf("%v reads as %+v", m, s)
			}
		}
	})
}

func TestSortValues(t *testing.T) {
	t.Parallel()
	got := inventory.SortValues([]any{"b", map[string]any{"a": 1.0}, "a", "b", 7.0})
	if want := []any{7.0, "a", "b", "b", map[string]any{"a": 1.0}}; !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
	if got := inventory.SortValues(nil); got != nil {
		t.Errorf("%v", got)
	}
}
