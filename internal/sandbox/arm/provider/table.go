package provider

import (
	_ "embed"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

//go:embed operations.txt
var operationsText string

// Operation is what one verb of a type answers.
type Operation struct {
	// Codes are the status codes the real service answers.
	Codes []int
	// Long says that the operation goes on after the answer.
	Long bool
}

func (o Operation) has(code int) bool { return slices.Contains(o.Codes, code) }

// Type is one resource type of the table.
type Type struct {
	// Name has the published case: "Microsoft.Network/virtualNetworks".
	Name string
	// Versions are API versions, oldest first.
	Versions []string
	// Verbs holds PUT, PATCH and DELETE.
	Verbs map[string]Operation
	// Actions holds the POST actions by lower-case name.
	Actions map[string]Operation
}

// Namespace is the provider part of the type's name.
func (t Type) Namespace() string {
	namespace, _, _ := strings.Cut(t.Name, "/")
	return namespace
}

// Table is every known type. It does not change after Read.
type Table struct {
	types      map[string]Type
	namespaces map[string]string
}

// Read reads the table that is part of the program.
func Read() (*Table, error) {
	t := &Table{types: map[string]Type{}, namespaces: map[string]string{}}
	for i, line := range strings.Split(operationsText, "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		kind, err := readLine(line)
		if err != nil {
			return nil, fmt.Errorf("read line %d of the table of operations: %w", i+1, err)
		}
		t.add(kind)
	}
	for _, kind := range ownTypes() {
		if _, known := t.Type(kind.Name); !known {
			t.add(kind)
		}
	}
	return t, nil
}

func (t *Table) add(kind Type) {
	t.types[strings.ToLower(kind.Name)] = kind
	lower := strings.ToLower(kind.Namespace())
	if _, known := t.namespaces[lower]; !known {
		t.namespaces[lower] = kind.Namespace()
	}
}

// Add makes a type known that the SDK does not have, from the type definitions.
func (t *Table) Add(name, version string) {
	kind, known := t.Type(name)
	if !known {
		kind = Type{Name: name}
	}
	if !slices.Contains(kind.Versions, version) {
		kind.Versions = append(slices.Clone(kind.Versions), version)
		slices.Sort(kind.Versions)
	}
	t.add(kind)
}

func readLine(line string) (Type, error) {
	fields := strings.Fields(line)
	if len(fields) < 2 {
		return Type{}, fmt.Errorf("it has %d fields", len(fields))
	}
	kind := Type{Name: fields[0], Versions: strings.Split(fields[1], ","), Verbs: map[string]Operation{}, Actions: map[string]Operation{}}
	for _, f := range fields[2:] {
		name, codes, _ := strings.Cut(f, "=")
		op, err := readOperation(codes)
		if err != nil {
			return Type{}, fmt.Errorf("field %q: %w", f, err)
		}
		if action, ok := strings.CutPrefix(name, "+"); ok {
			kind.Actions[strings.ToLower(action)] = op
			continue
		}
		kind.Verbs[name] = op
	}
	return kind, nil
}

func readOperation(codes string) (Operation, error) {
	var op Operation
	codes, op.Long = strings.CutSuffix(codes, "L")
	for _, word := range strings.Split(codes, ",") {
		code, err := strconv.Atoi(word)
		if err != nil {
			return op, err
		}
		op.Codes = append(op.Codes, code)
	}
	return op, nil
}

// ownTypes are types that the SDK reaches by other paths (whole scopes) or
// not at all.
func ownTypes() []Type {
	sync := map[string]Operation{"PUT": {Codes: []int{200, 201}}, "PATCH": {Codes: []int{200}}, "DELETE": {Codes: []int{200, 204}}}
	return append(recordTypes(sync), []Type{
		{Name: "Microsoft.Resources/tags", Versions: []string{"2021-04-01", "2025-04-01"}, Verbs: map[string]Operation{"PUT": {Codes: []int{200}}, "PATCH": {Codes: []int{200}}, "DELETE": {Codes: []int{200}}}},
		{Name: "Microsoft.Authorization/locks", Versions: []string{"2016-09-01", "2020-05-01"}, Verbs: sync},
		{Name: "Microsoft.Authorization/roleAssignments", Versions: []string{"2022-04-01"}, Verbs: map[string]Operation{"PUT": {Codes: []int{201}}, "DELETE": {Codes: []int{200, 204}}}},
		{Name: "Microsoft.Authorization/roleDefinitions", Versions: []string{"2022-04-01"}, Verbs: map[string]Operation{"PUT": {Codes: []int{201}}, "DELETE": {Codes: []int{200, 204}}}},
		{Name: "Microsoft.Authorization/policyAssignments", Versions: []string{"2022-06-01"}, Verbs: sync},
		{Name: "Microsoft.Insights/diagnosticSettings", Versions: []string{"2021-05-01-preview"}, Verbs: sync},
		{Name: "Microsoft.Resources/deployments", Versions: []string{"2021-04-01", "2025-04-01"}},
		{Name: "Microsoft.Resources/resourceGroups", Versions: []string{"2021-04-01", "2025-04-01"}, Verbs: map[string]Operation{"PUT": {Codes: []int{200, 201}}, "PATCH": {Codes: []int{200}}, "DELETE": {Codes: []int{200, 202}, Long: true}}},
		{Name: "Microsoft.Management/managementGroups", Versions: []string{"2020-05-01", "2023-04-01"}, Verbs: map[string]Operation{"PUT": {Codes: []int{200, 202}, Long: true}, "PATCH": {Codes: []int{200}}, "DELETE": {Codes: []int{202, 204}, Long: true}}},
		// Traffic Manager's endpoints are one path in the SDK; the service has three types.
		{Name: "Microsoft.Network/trafficManagerProfiles/azureEndpoints", Versions: []string{"2022-04-01"}, Verbs: sync},
		{Name: "Microsoft.Network/trafficManagerProfiles/externalEndpoints", Versions: []string{"2022-04-01"}, Verbs: sync},
		{Name: "Microsoft.Network/trafficManagerProfiles/nestedEndpoints", Versions: []string{"2022-04-01"}, Verbs: sync},
		// The SDK names the parent of a protected item and the policy by other paths.
		{Name: "Microsoft.RecoveryServices/vaults/backupPolicies", Versions: []string{"2025-08-01"}, Verbs: map[string]Operation{"PUT": {Codes: []int{200, 202}}, "DELETE": {Codes: []int{200, 204}}}},
	}...)
}

// recordTypes are the record sets of zones: one path in the SDK, a type for
// each kind of record at the service.
func recordTypes(verbs map[string]Operation) []Type {
	var out []Type
	for _, zone := range []struct {
		name, version string
		records       []string
	}{
		{"Microsoft.Network/dnsZones", "2018-05-01", []string{"A", "AAAA", "CAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT"}},
		{"Microsoft.Network/privateDnsZones", "2024-06-01", []string{"A", "AAAA", "CNAME", "MX", "PTR", "SOA", "SRV", "TXT"}},
	} {
		for _, record := range zone.records {
			out = append(out, Type{Name: zone.name + "/" + record, Versions: []string{zone.version}, Verbs: verbs})
		}
	}
	return out
}

// Type looks a type up without regard to case.
func (t *Table) Type(name string) (Type, bool) {
	kind, ok := t.types[strings.ToLower(name)]
	return kind, ok
}

// Namespace gives the published case of a namespace; ok is false when no type
// of it is known.
func (t *Table) Namespace(name string) (string, bool) {
	published, ok := t.namespaces[strings.ToLower(name)]
	return published, ok
}

// Namespaces lists the namespaces in order.
func (t *Table) Namespaces() []string {
	out := make([]string, 0, len(t.namespaces))
	for _, n := range t.namespaces {
		out = append(out, n)
	}
	slices.SortFunc(out, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) })
	return out
}

// Types lists the types of a namespace in order.
func (t *Table) Types(namespace string) []Type {
	prefix := strings.ToLower(namespace) + "/"
	var out []Type
	for key, kind := range t.types {
		if strings.HasPrefix(key, prefix) {
			out = append(out, kind)
		}
	}
	slices.SortFunc(out, func(a, b Type) int { return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
	return out
}

// Len is the number of types.
func (t *Table) Len() int { return len(t.types) }

// Answer is how an operation is answered.
type Answer struct {
	Status int
	// Async says that the operation goes on and is polled.
	Async bool
}

// Put is the answer of a PUT that created or replaced a resource. A type that
// is not in the table answers 201 and 200 at once.
func (t Type) Put(created bool) Answer {
	op, ok := t.Verbs[http.MethodPut]
	if !ok {
		op = Operation{Codes: []int{http.StatusOK, http.StatusCreated}}
	}
	order := []int{http.StatusOK, http.StatusAccepted, http.StatusCreated}
	if created {
		order = []int{http.StatusCreated, http.StatusAccepted, http.StatusOK}
	}
	status := op.first(order)
	// Where 202 is the answer of a long creation and there is no 201, a plain
	// 200 means that nothing is left to do (storage accounts).
	settled := status == http.StatusOK && op.has(http.StatusAccepted) && !op.has(http.StatusCreated)
	return Answer{Status: status, Async: op.Long && !settled}
}

// Patch is the answer of a PATCH.
func (t Type) Patch() Answer {
	op, ok := t.Verbs[http.MethodPatch]
	if !ok {
		return Answer{Status: http.StatusOK}
	}
	if op.Long {
		return Answer{Status: op.first([]int{http.StatusAccepted, http.StatusOK, http.StatusCreated}), Async: true}
	}
	return Answer{Status: op.first([]int{http.StatusOK, http.StatusCreated, http.StatusAccepted})}
}

// Delete is the answer of a DELETE of something that exists.
func (t Type) Delete() Answer {
	op, ok := t.Verbs[http.MethodDelete]
	if !ok {
		return Answer{Status: http.StatusOK}
	}
	if op.Long {
		return Answer{Status: op.first([]int{http.StatusAccepted, http.StatusOK, http.StatusNoContent}), Async: true}
	}
	return Answer{Status: op.first([]int{http.StatusOK, http.StatusNoContent, http.StatusAccepted})}
}

// DeleteAbsent is the status of a DELETE of something that is not there:
// 204 where the service documents it, otherwise 404.
func (t Type) DeleteAbsent() int {
	op, ok := t.Verbs[http.MethodDelete]
	if !ok || op.has(http.StatusNoContent) {
		return http.StatusNoContent
	}
	return http.StatusNotFound
}

// Action is the answer of a POST action; ok is false when the type has none of
// that name.
func (t Type) Action(name string) (Answer, bool) {
	op, ok := t.Actions[strings.ToLower(name)]
	if !ok {
		return Answer{}, false
	}
	order := []int{http.StatusOK, http.StatusNoContent, http.StatusAccepted, http.StatusCreated}
	if op.Long {
		order = []int{http.StatusAccepted, http.StatusOK, http.StatusCreated, http.StatusNoContent}
	}
	return Answer{Status: op.first(order), Async: op.Long}, true
}

func (o Operation) first(order []int) int {
	for _, code := range order {
		if o.has(code) {
			return code
		}
	}
	if len(o.Codes) > 0 {
		return o.Codes[0]
	}
	return http.StatusOK
}
