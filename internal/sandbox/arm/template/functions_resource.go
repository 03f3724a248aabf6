package template

import (
	"fmt"
	"regexp"
	"strings"

	"example.com/landfall/internal/sandbox/arm/armid"
)

// guidForm tells a subscription id from a resource group name where both may
// stand first.
var guidForm = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

func resourceFunctions() map[string]builtin {
	return map[string]builtin{
		"resourceid":                {min: 2, max: anyNumber, run: func(f *frame, args []any) (any, error) { return f.resourceID(args, f.t.place.Scope) }},
		"subscriptionresourceid":    {min: 2, max: anyNumber, run: subscriptionResourceID},
		"tenantresourceid":          {min: 2, max: anyNumber, run: func(_ *frame, args []any) (any, error) { return idUnder(armid.ID{}, args) }},
		"extensionresourceid":       {min: 3, max: anyNumber, run: extensionResourceID},
		"managementgroupresourceid": unsupported("managementGroupResourceId"),
		"reference":                 {min: 1, max: 3, run: reference},
		"references":                unsupported("references"),
		"pickzones":                 unsupported("pickZones"),
		"providers":                 unsupported("providers"),
		"datetimeadd":               unsupported("dateTimeAdd"),
		"datetimefromepoch":         unsupported("dateTimeFromEpoch"),
		"datetimetoepoch":           unsupported("dateTimeToEpoch"),
		"datauri":                   unsupported("dataUri"),
		"datauritostring":           unsupported("dataUriToString"),
		"parsecidr":                 unsupported("parseCidr"),
		"map":                       unsupported("map"),
		"filter":                    unsupported("filter"),
		"reduce":                    unsupported("reduce"),
		"sort":                      unsupported("sort"),
		"toobject":                  unsupported("toObject"),
		"mapvalues":                 unsupported("mapValues"),
		"groupby":                   unsupported("groupBy"),
		"lambda":                    unsupported("lambda"),
		"lambdavariables":           unsupported("lambdaVariables"),
	}
}

func texts(args []any) ([]string, error) {
	out := make([]string, len(args))
	for i, a := range args {
		var err error
		if out[i], err = asText(a); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// idUnder builds scope + type + names from ("Microsoft.X/a/b", "n1", "n2").
func idUnder(scope armid.ID, args []any) (any, error) {
	words, err := texts(args)
	if err != nil {
		return nil, err
	}
	id, err := buildID(scope, words[0], strings.Join(words[1:], "/"))
	if err != nil {
		return nil, err
	}
	return id.String(), nil
}

// resourceID is resourceId([subscription], [group], type, name...): what stands
// before the first argument with a slash chooses the scope.
func (f *frame) resourceID(args []any, scope armid.ID) (any, error) {
	words, err := texts(args)
	if err != nil {
		return nil, err
	}
	at := 0
	for at < len(words) && !strings.Contains(words[at], "/") {
		at++
	}
	if at == len(words) {
		return nil, fmt.Errorf("no argument is a resource type")
	}
	switch {
	case at == 0:
	case at == 1 && guidForm.MatchString(words[0]):
		scope = armid.ID{Subscription: words[0]}
	case at == 1:
		scope = armid.ID{Subscription: scope.Subscription, Group: words[0]}
	case at == 2:
		scope = armid.ID{Subscription: words[0], Group: words[1]}
	default:
		return nil, fmt.Errorf("%d arguments stand before the resource type, at most 2 may", at)
	}
	return idUnder(scope, args[at:])
}

func subscriptionResourceID(f *frame, args []any) (any, error) {
	words, err := texts(args)
	if err != nil {
		return nil, err
	}
	scope := armid.ID{Subscription: f.t.place.Scope.Subscription}
	if guidForm.MatchString(words[0]) && len(args) > 2 {
		scope.Subscription, args = words[0], args[1:]
	}
	return idUnder(scope, args)
}

func extensionResourceID(_ *frame, args []any) (any, error) {
	s, err := asText(args[0])
	if err != nil {
		return nil, err
	}
	scope, err := armid.Parse(s)
	if err != nil {
		return nil, err
	}
	return idUnder(scope, args[1:])
}

// reference takes an id, the name of a resource of the template, or in the
// symbolic form its symbol.
func reference(f *frame, args []any) (any, error) {
	s, err := asText(args[0])
	if err != nil {
		return nil, err
	}
	full := len(args) == 3 && strings.EqualFold(fmt.Sprint(args[2]), "Full")
	if len(args) == 3 && !full {
		return nil, fmt.Errorf("the third argument is 'Full' or missing, not '%v'", args[2])
	}
	if f.runtime == nil {
		return nil, ErrDeferred
	}
	id, err := f.t.resolve(s)
	if err != nil {
		return nil, err
	}
	return f.runtime.Reference(id, full)
}

// listFunction is every list* function: a POST of that name on the resource.
func listFunction(name string) func(f *frame, args []any) (any, error) {
	return func(f *frame, args []any) (any, error) {
		s, err := asText(args[0])
		if err != nil {
			return nil, err
		}
		if f.runtime == nil {
			return nil, ErrDeferred
		}
		id, err := f.t.resolve(s)
		if err != nil {
			return nil, err
		}
		var body any
		if len(args) == 3 {
			body = args[2]
		}
		return f.runtime.List(name, id, body)
	}
}

// resolve finds the resource that a reference means: by id, by symbol, or by
// the name of a resource in this template.
func (t *Template) resolve(s string) (armid.ID, error) {
	if strings.HasPrefix(s, "/") {
		return armid.Parse(s)
	}
	var found []armid.ID
	for _, r := range t.Resources {
		if r.Symbol != "" && strings.EqualFold(r.Symbol, s) {
			return r.ID, nil
		}
		if strings.EqualFold(r.Name, s) {
			found = append(found, r.ID)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return armid.ID{}, fmt.Errorf("the resource '%s' is not defined in the template", short(s))
	}
	return armid.ID{}, fmt.Errorf("the name '%s' is used by %d resources of the template, give the resource id instead", short(s), len(found))
}
