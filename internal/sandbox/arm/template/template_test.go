package template_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/sandbox/arm/armerror"
	"example.com/landfall/internal/sandbox/arm/armid"
	"example.com/landfall/internal/sandbox/arm/document"
	"example.com/landfall/internal/sandbox/arm/template"
)

const head = `"$schema":"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#","contentVersion":"1.0.0.0",`

func object(t testing.TB, s string) map[string]any {
	t.Helper()
	m, err := document.DecodeObject([]byte(s))
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return m
}

func place() template.Place {
	return template.Place{
		Scope:        armid.ID{Subscription: "00000000-0000-0000-0000-000000000001", Group: "rg"},
		Group:        map[string]any{"id": "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg", "name": "rg", "location": "eastus"},
		Subscription: map[string]any{"id": "/subscriptions/00000000-0000-0000-0000-000000000001", "subscriptionId": "00000000-0000-0000-0000-000000000001"},
		Deployment:   map[string]any{"name": "d"},
		Now:          time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}
}

func read(t testing.TB, body, parameters string) (*template.Template, error) {
	t.Helper()
	return template.Read(object(t, "{"+head+body+"}"), object(t, parameters), place())
}

func must(t testing.TB, body, parameters string) *template.Template {
	t.Helper()
	tpl, err := read(t, body, parameters)
	if err != nil {
		t.Fatal(err)
	}
	return tpl
}

// running answers references from a map by id key.
type running map[string]any

func (r running) Reference(id armid.ID, full bool) (any, error) {
	v, ok := r[id.Key()]
	if !ok {
		return nil, armerror.NotFound("ResourceNotFound", "%s", id)
	}
	return v, nil
}

func (r running) List(function string, id armid.ID, body any) (any, error) {
	return map[string]any{"keys": []any{map[string]any{"value": function + " of " + id.Name()}}}, nil
}

func TestFunctions(t *testing.T) {
	t.Parallel()
	for expression, want := range map[string]string{
		`concat('a', 'b', 1)`:                                                                `"ab1"`,
		`concat(createArray(1), createArray('x'))`:                                           `[1,"x"]`,
		`format('{0}-{1:D3}-{2,4}|{{}}', 'a', 7, 'z')`:                                       `"a-007-   z|{}"`,
		`uniqueString('/subscriptions/00000000-0000-0000-0000-000000000000', 'resource-id')`: `"cwvxuqg24sifi"`,
		`guid('a', 'b')`:                              `"1f2a1a32-8e8a-5d1c-8a6e-0d6d2b1f8a11"`,
		`toLower(toUpper('aB'))`:                      `"ab"`,
		`substring('hello', 1, 3)`:                    `"ell"`,
		`replace('a-b-c', '-', '')`:                   `"abc"`,
		`split('a,b;c', createArray(',', ';'))`:       `["a","b","c"]`,
		`join(createArray('a', 2), '+')`:              `"a+2"`,
		`length('héé')`:                               `3`,
		`contains('abc', 'b')`:                        `true`,
		`contains(createObject('A', 1), 'a')`:         `true`,
		`empty('')`:                                   `true`,
		`first('xyz')`:                                `"x"`,
		`last(createArray(1, 2))`:                     `2`,
		`union(createArray(1, 2), createArray(2, 3))`: `[1,2,3]`,
		`union(createObject('a', createObject('x', 1)), createObject('a', createObject('y', 2)))`: `{"a":{"x":1,"y":2}}`,
		`intersection(createArray(1, 2), createArray(2))`:                                         `[2]`,
		`if(equals(1, 1), 'y', div(1, 0))`:                                                        `"y"`,
		`and(true(), not(false()))`:                                                               `true`,
		`or(false(), true(), equals(div(1, 0), 1))`:                                               `true`,
		`coalesce(null(), 'a', div(1, 0))`:                                                        `"a"`,
		`int('42')`:                                                                               `42`,
		`string(createObject('a', 1))`:                                                            `"{\"a\":1}"`,
		`bool('TRUE')`:                                                                            `true`,
		`json('{"a":[1.5]}').a[0]`:                                                                `1.5`,
		`base64('hi')`:                                                                            `"aGk="`,
		`base64ToString(base64('hi'))`:                                                            `"hi"`,
		`add(sub(mul(3, 4), 2), mod(7, 4))`:                                                       `13`,
		`div(7, 2)`:                                                                               `3`,
		`greaterOrEquals(2, 2)`:                                                                   `true`,
		`less('a', 'b')`:                                                                          `true`,
		`range(3, 3)`:                                                                             `[3,4,5]`,
		`min(createArray(3, 1))`:                                                                  `1`,
		`skip(createArray(1, 2, 3), 2)`:                                                           `[3]`,
		`take('abc', 2)`:                                                                          `"ab"`,
		`padLeft(7, 3, '0')`:                                                                      `"007"`,
		`resourceId('Microsoft.Network/virtualNetworks/subnets', 'v', 's')`:             `"/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/v/subnets/s"`,
		`resourceId('other', 'Microsoft.Network/virtualNetworks', 'v')`:                 `"/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/other/providers/Microsoft.Network/virtualNetworks/v"`,
		`subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'g')`:        `"/subscriptions/00000000-0000-0000-0000-000000000001/providers/Microsoft.Authorization/roleDefinitions/g"`,
		`extensionResourceId(resourceGroup().id, 'Microsoft.Authorization/locks', 'l')`: `"/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.Authorization/locks/l"`,
		`resourceGroup().LOCATION`:                   `"eastus"`,
		`deployment()['name']`:                       `"d"`,
		`createObject('a', createArray('x')).a[0]`:   `"x"`,
		`createObject('a', 1).?b`:                    `null`,
		`tryGet(createObject('a', 1), 'b', 'c')`:     `null`,
		`items(createObject('b', 2, 'a', 1))[0].key`: `"a"`,
		`cidrSubnet('10.0.0.0/16', 24, 3)`:           `"10.0.3.0/24"`,
		`cidrHost('10.0.3.0/24', 3)`:                 `"10.0.3.4"`,
		`uri('https://a/b/', 'c')`:                   `"https://a/b/c"`,
		`uriComponent('a b/c')`:                      `"a%20b%2Fc"`,
		`indexOf('abc', 'C')`:                        `2`,
		`startsWith('Abc', 'aB')`:                    `true`,
		`concat('it''s', ' [x]')`:                    `"it's [x]"`,
	} {
		tpl := must(t, `"resources":[],"outputs":{"o":{"type":"object","value":{"v":"[`+strings.ReplaceAll(expression, `"`, `\"`)+`]"}}}`, `{}`)
		out, err := tpl.Outputs(nil)
		if err != nil {
			t.Errorf("%s: %v", expression, err)
			continue
		}
		wanted, _ := document.Decode([]byte(want))
		if strings.HasPrefix(expression, "guid(") {
			// Only the version matters here: the name space is tested below.
			got, _ := document.Get(out, "o.value.v").(string)
			if len(got) != 36 || got[14] != '5' {
				t.Errorf("%s = %q", expression, got)
			}
			continue
		}
		if got := document.Get(out, "o.value.v"); !document.Equal(got, wanted) {
			t.Errorf("%s = %#v, want %s", expression, got, want)
		}
	}
}

func TestExpressionsThatAreRefused(t *testing.T) {
	t.Parallel()
	for expression, says := range map[string]string{
		`nosuch()`:                              "'nosuch' is not valid or not supported",
		`parameters('none')`:                    "parameter 'none' is not found",
		`variables('none')`:                     "variable 'none' is not found",
		`concat(`:                               "ends too early",
		`concat('a'`:                            "is missing",
		`'a`:                                    "not closed",
		`concat('a') x`:                         "unexpected",
		`substring('abc', 2, 5)`:                "outside",
		`div(1, 0)`:                             "cannot be divided",
		`first(1)`:                              "a string or an array is expected",
		`if('x', 1, 2)`:                         "a boolean is expected",
		`createArray(1)[3]`:                     "out of bounds",
		`createObject('a', 1).b`:                "doesn't exist",
		`copyIndex()`:                           "no copy loop",
		`utcNow()`:                              "default value of a parameter",
		`map(createArray(1), 'x')`:              "'map' is not supported",
		`contoso.fn('a')`:                       "user-defined functions are not supported",
		`format('{0:X}', 1)`:                    "format 'X' is not supported",
		`resourceId('Microsoft.A/b', 'x', 'y')`: "same number of segments",
		`range(0, 20000)`:                       "between 0 and 10000",
	} {
		tpl := must(t, `"resources":[],"outputs":{"o":{"type":"object","value":{"v":"[`+expression+`]"}}}`, `{}`)
		_, err := tpl.Outputs(running{})
		e, ok := errors.AsType[*armerror.Error](err)
		if !ok || e.Code != "InvalidTemplate" || !strings.Contains(e.Message, says) {
			t.Errorf("%s: %v", expression, err)
		}
	}
}

func TestParameters(t *testing.T) {
	t.Parallel()
	const declared = `"resources":[],"parameters":{
		"size":{"type":"int","minValue":1,"maxValue":10},
		"tier":{"type":"string","defaultValue":"[concat('P', string(parameters('size')))]","allowedValues":["P1","P2","P9"]},
		"secret":{"type":"secureString","minLength":4},
		"when":{"type":"string","defaultValue":"[utcNow('yyyy-MM-dd')]"}}`
	tpl := must(t, declared, `{"SIZE":{"value":2},"secret":{"value":"hush-hush"}}`)
	if document.Text(tpl.Values, "tier.value") != "P2" || document.Text(tpl.Values, "when.value") != "2026-01-02" {
		t.Errorf("%v", tpl.Values)
	}
	if v := document.Object(tpl.Values, "secret"); len(v) != 1 || v["type"] != "secureString" {
		t.Errorf("a secure value is echoed: %v", v)
	}
	for given, says := range map[string]string{
		`{"secret":{"value":"hush-hush"}}`:                                       "'size' is not provided",
		`{"size":{"value":"2"},"secret":{"value":"hush-hush"}}`:                  "expected a value of type 'int'",
		`{"size":{"value":11},"secret":{"value":"hush-hush"}}`:                   "above the maximum",
		`{"size":{"value":3},"secret":{"value":"hush-hush"}}`:                    "not part of the allowed",
		`{"size":{"value":2},"secret":{"value":"x"}}`:                            "below the minimum",
		`{"size":{"value":2},"secret":{"value":"hush-hush"},"more":{"value":1}}`: "'more'",
		`{"size":{"value":2},"secret":{"reference":{"keyVault":{"id":"/a"}}}}`:   "key vault reference",
		`{"size":2,"secret":{"value":"hush-hush"}}`:                              "an object with a 'value'",
	} {
		_, err := read(t, declared, given)
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v", given, err)
		}
	}
}

const shop = `"variables":{"vnet":"[concat('vnet-', variables('suffix'))]","suffix":"shop","copy":[{"name":"zones","count":3,"input":"[string(add(copyIndex('zones'), 1))]"}]},
"resources":[
 {"type":"Microsoft.Network/networkInterfaces","apiVersion":"2024-05-01","name":"[concat('nic', copyIndex(1))]","location":"eastus","copy":{"name":"nics","count":2},
  "dependsOn":["[variables('vnet')]"],
  "properties":{"ipConfigurations":[{"name":"a","properties":{"subnet":{"id":"[reference(variables('vnet')).subnets[0].id]"}}}]}},
 {"type":"Microsoft.Network/virtualNetworks","apiVersion":"2024-05-01","name":"[variables('vnet')]","location":"eastus",
  "properties":{"copy":[{"name":"subnets","count":2,"input":{"name":"[concat('s', copyIndex('subnets'))]","properties":{"addressPrefix":"[cidrSubnet('10.0.0.0/16', 24, copyIndex('subnets'))]"}}}]},
  "resources":[{"type":"virtualNetworkPeerings","apiVersion":"2024-05-01","name":"p","dependsOn":["[variables('vnet')]"],"properties":{"zones":"[variables('zones')]"}}]},
 {"type":"Microsoft.Authorization/locks","apiVersion":"2020-05-01","name":"keep","scope":"[concat('Microsoft.Network/virtualNetworks/', variables('vnet'))]","dependsOn":["nics"],"properties":{"level":"CanNotDelete"}},
 {"type":"Microsoft.Network/virtualNetworks/providers/locks","apiVersion":"2020-05-01","name":"[concat(variables('vnet'), '/Microsoft.Authorization/old')]","condition":"[equals(1, 2)]","properties":{}}
]`

func TestResources(t *testing.T) {
	t.Parallel()
	tpl := must(t, shop, `{}`)
	var ids []string
	for _, wave := range tpl.Waves() {
		for _, r := range wave {
			ids = append(ids, strings.TrimPrefix(r.ID.String(), "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/"))
		}
		ids = append(ids, "--")
	}
	want := []string{"Microsoft.Network/virtualNetworks/vnet-shop", "--", "Microsoft.Network/networkInterfaces/nic1", "Microsoft.Network/networkInterfaces/nic2",
		"Microsoft.Network/virtualNetworks/vnet-shop/virtualNetworkPeerings/p", "--", "Microsoft.Network/virtualNetworks/vnet-shop/providers/Microsoft.Authorization/locks/keep", "--"}
	if strings.Join(ids, "\n") != strings.Join(want, "\n") {
		t.Errorf("waves:\n%s", strings.Join(ids, "\n"))
	}
	last := tpl.Resources[len(tpl.Resources)-1]
	if !last.Skipped || !strings.HasSuffix(last.ID.String(), "vnet-shop/providers/Microsoft.Authorization/locks/old") {
		t.Errorf("%+v", last)
	}
	vnet, err := tpl.Resources[2].Body(nil)
	if err != nil || document.Text(document.List(vnet, "properties.subnets")[1], "properties.addressPrefix") != "10.0.1.0/24" {
		t.Errorf("%v %v", vnet, err)
	}
	peering, err := tpl.Resources[3].Body(nil)
	if err != nil || len(document.List(peering, "properties.zones")) != 3 {
		t.Errorf("%v %v", peering, err)
	}
}

func TestReferencesAreKnownOnlyAtRunTime(t *testing.T) {
	t.Parallel()
	tpl := must(t, shop, `{}`)
	nic := tpl.Resources[0]
	body, late, err := nic.Preview(nil)
	if err != nil || !late || document.Text(document.List(body, "properties.ipConfigurations")[0], "properties.subnet.id") != "[reference(variables('vnet')).subnets[0].id]" {
		t.Errorf("%v %v %v", body, late, err)
	}
	now := running{tpl.Resources[2].ID.Key(): map[string]any{"subnets": []any{map[string]any{"id": "/the/subnet"}}}}
	body, err = nic.Body(now)
	if err != nil || document.Text(document.List(body, "properties.ipConfigurations")[0], "properties.subnet.id") != "/the/subnet" {
		t.Errorf("%v %v", body, err)
	}
	if _, err := nic.Body(running{}); armerror.Of(err).Code != "ResourceNotFound" {
		t.Errorf("the cause's own code is lost: %v", err)
	}
}

func TestSerialLoopsWait(t *testing.T) {
	t.Parallel()
	tpl := must(t, `"resources":[{"type":"A.B/c","apiVersion":"1","name":"[concat('n', copyIndex())]","copy":{"name":"l","count":5,"mode":"serial","batchSize":2}}]`, `{}`)
	var sizes []int
	for _, w := range tpl.Waves() {
		sizes = append(sizes, len(w))
	}
	if len(sizes) != 3 || sizes[0] != 2 || sizes[1] != 2 || sizes[2] != 1 {
		t.Errorf("waves %v", sizes)
	}
}
