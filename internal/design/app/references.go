package app

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
)

const (
	vaultKind      cloud.Kind = "Microsoft.KeyVault/vaults"
	assignmentKind cloud.Kind = "Microsoft.Authorization/roleAssignments"
	hubKind        cloud.Kind = "Microsoft.EventHub/namespaces/eventhubs"
	recordsKind    cloud.Kind = "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers"
)

// reference is what one setting of an app points at, and the identity by which
// it is reached.
type reference struct {
	setting string
	who, to cloud.ResourceID
	// platform says that the platform reads the target before the program starts.
	platform bool
}

// access is the right without which a target of a kind cannot be used.
type access struct {
	kind cloud.Kind
	// actions are data actions of which one is enough, role is what grants it.
	actions []string
	role    string
}

func accesses() []access {
	return []access{
		{"Microsoft.KeyVault/vaults/secrets", []string{"Microsoft.KeyVault/vaults/secrets/getSecret/action"}, "Key Vault Secrets User"},
		{containerKind, blobActions(), "Storage Blob Data Reader or Contributor"},
		{accountKind, blobActions(), "Storage Blob Data Reader or Contributor"},
		{busQueueKind, []string{"Microsoft.ServiceBus/namespaces/messages/send/action", "Microsoft.ServiceBus/namespaces/messages/receive/action"}, "Azure Service Bus Data Sender or Receiver"},
		{busTopicKind, []string{"Microsoft.ServiceBus/namespaces/messages/send/action", "Microsoft.ServiceBus/namespaces/messages/receive/action"}, "Azure Service Bus Data Sender or Receiver"},
		{hubKind, []string{"Microsoft.EventHub/namespaces/messages/send/action", "Microsoft.EventHub/namespaces/messages/receive/action"}, "Azure Event Hubs Data Sender or Receiver"},
		{recordsKind, nil, "a data role of its Cosmos DB account"},
	}
}

func blobActions() []string {
	const blobs = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/"
	return []string{blobs + "read", blobs + "write", blobs + "add/action", blobs + "delete"}
}

// estate is what references are looked up in: targets by the addresses that
// settings write, and what each identity was given.
type estate struct {
	c       *design.Context
	vaults  map[string]cloud.ResourceID
	address map[string]cloud.ResourceID
	// given are the assignments by the expression of the principal.
	given map[string][]*design.Resource
}

// unreadable tells of every setting that refers to something its identity has
// no right to: the source may hand a program a name that its role may not use
// there either, and the reference stays unresolved at the target.
func unreadable(c *design.Context) {
	e := &estate{c: c, vaults: map[string]cloud.ResourceID{}, address: map[string]cloud.ResourceID{}, given: map[string][]*design.Resource{}}
	var apps []*design.Resource
	for _, r := range c.Targets() {
		e.note(r)
		switch r.Type {
		case functionKind, containerAppKind, jobKind:
			apps = append(apps, r)
		}
	}
	for _, app := range apps {
		owners := c.SourcesOf(app.ID)
		if len(owners) == 0 {
			continue
		}
		var todo []string
		for _, ref := range e.references(app) {
			if text := e.missing(app, ref); text != "" && !slices.Contains(todo, text) {
				todo = append(todo, text)
			}
		}
		e.tell(owners[0], todo)
	}
}

func (e *estate) tell(r *inventory.Resource, todo []string) {
	d, ok := e.c.Decided(r)
	if !ok || len(todo) == 0 {
		return
	}
	for _, text := range todo {
		if !slices.Contains(d.ToDo, text) {
			d.ToDo = append(slices.Clone(d.ToDo), text)
		}
	}
	e.c.Amend(r, d)
}

// note indexes one target.
func (e *estate) note(r *design.Resource) {
	name := common.LastName(r.ID)
	switch r.Type {
	case vaultKind:
		e.vaults[strings.ToLower(name)] = r.ID
	case accountKind:
		e.address["https://"+name+".blob.core.windows.net/"] = r.ID
	case containerKind:
		e.address["https://"+common.LastName(parentOf(parentOf(r.ID)))+".blob.core.windows.net/"+name] = r.ID
	case busQueueKind, busTopicKind, hubKind:
		e.address[common.LastName(parentOf(r.ID))+".servicebus.windows.net/"+name] = r.ID
	case recordsKind:
		e.address[common.LastName(parentOf(r.ID))+"/"+name] = r.ID
	case assignmentKind, recordsAssignmentKind:
		who := design.Text(r.Body, "properties.principalId")
		e.given[who] = append(e.given[who], r)
	}
}

const recordsAssignmentKind cloud.Kind = "Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments"

var (
	vaultReference = regexp.MustCompile(`^@Microsoft\.KeyVault\(VaultName=([^;]+);SecretName=([^)]+)\)$`)
	vaultAddress   = regexp.MustCompile(`^https://([^.]+)\.vault\.azure\.net/secrets/([^/]+)$`)
)

// references reads the settings of an app.
func (e *estate) references(app *design.Resource) []reference {
	var out []reference
	if app.Type == functionKind {
		who := cloud.ResourceID(design.Text(app.Body, "properties.keyVaultReferenceIdentity"))
		return e.settings(out, who, design.Maps(design.At(app.Body, "properties.siteConfig.appSettings")))
	}
	for _, s := range design.Maps(design.At(app.Body, "properties.configuration.secrets")) {
		if to, ok := e.secret(vaultAddress, design.Text(s, "keyVaultUrl")); ok {
			out = append(out, reference{setting: design.Text(s, "name"), who: cloud.ResourceID(design.Text(s, "identity")), to: to, platform: true})
		}
	}
	for _, list := range []string{"containers", "initContainers"} {
		for _, container := range design.Maps(design.At(app.Body, "properties.template."+list)) {
			env := design.Maps(container["env"])
			out = e.settings(out, e.codeOf(app, env), env)
		}
	}
	return out
}

// codeOf is the identity that a container's program signs in as: the one whose
// client id it is given.
func (e *estate) codeOf(app *design.Resource, env []map[string]any) cloud.ResourceID {
	assigned, _ := design.At(app.Body, "identity.userAssignedIdentities").(map[string]any)
	for _, id := range slices.Sorted(maps.Keys(assigned)) {
		client := e.c.Output(cloud.ResourceID(id), "properties.clientId")
		if slices.ContainsFunc(env, func(v map[string]any) bool { return design.Text(v, "value") == client }) {
			return cloud.ResourceID(id)
		}
	}
	return ""
}

func (e *estate) settings(out []reference, who cloud.ResourceID, list []map[string]any) []reference {
	values := map[string]string{}
	for _, s := range list {
		values[design.Text(s, "name")] = design.Text(s, "value")
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		value := values[name]
		if to, ok := e.secret(vaultReference, value); ok {
			out = append(out, reference{setting: name, who: who, to: to, platform: true})
			continue
		}
		if to, ok := e.secret(vaultAddress, value); ok {
			out = append(out, reference{setting: name, who: who, to: to})
			continue
		}
		for _, address := range []string{value, values["SERVICEBUS__fullyQualifiedNamespace"] + "/" + value, values["EVENTHUB__fullyQualifiedNamespace"] + "/" + value, values[name+"__database"] + "/" + value} {
			if to, ok := e.address[address]; ok && !strings.Contains(name, "__") {
				out = append(out, reference{setting: name, who: who, to: to})
			}
		}
	}
	return out
}

// secret finds the secret that a text names by its vault.
func (e *estate) secret(form *regexp.Regexp, text string) (cloud.ResourceID, bool) {
	found := form.FindStringSubmatch(text)
	if found == nil {
		return "", false
	}
	vault, ok := e.vaults[strings.ToLower(found[1])]
	return vault + "/secrets/" + cloud.ResourceID(found[2]), ok
}

// missing says which right a reference lacks, "" for none.
func (e *estate) missing(app *design.Resource, ref reference) string {
	kind := cloud.Kind("Microsoft.KeyVault/vaults/secrets")
	if target, ok := e.c.Resource(ref.to); ok {
		kind = target.Type
	}
	at := slices.IndexFunc(accesses(), func(a access) bool { return a.kind == kind })
	if at < 0 || ref.who == "" {
		return ""
	}
	need := accesses()[at]
	for _, r := range e.given[e.c.Output(ref.who, "properties.principalId")] {
		if e.grants(r, ref.to, need) {
			return ""
		}
	}
	what := map[bool]string{true: "the reference is not resolved, and the program gets its text instead of a value", false: "the program is refused"}[ref.platform]
	return "give identity " + common.LastName(ref.who) + " the role " + need.role + " on " + common.LastName(ref.to) + ", or take setting " + ref.setting + " out of " + common.LastName(app.ID) +
		": no policy of the source that has a counterpart lets its role use what " + common.LastName(ref.to) + " stands for; without the right " + what
}

// grants reports whether an assignment covers a target with one of the needed
// actions.
func (e *estate) grants(r *design.Resource, to cloud.ResourceID, need access) bool {
	scope := r.Scope
	if r.Type == recordsAssignmentKind {
		text := strings.NewReplacer("/dbs/", "/sqlDatabases/", "/colls/", "/containers/").Replace(design.Text(r.Body, "properties.scope"))
		return need.kind == recordsKind && within(to, cloud.ResourceID(text))
	}
	// Who names an account may mean one container of it.
	if scope != "" && !within(to, scope) && (need.kind != accountKind || !within(scope, to)) {
		return false
	}
	for _, pattern := range e.dataActions(design.Text(r.Body, "properties.roleDefinitionId")) {
		if slices.ContainsFunc(need.actions, func(action string) bool { return matches(pattern, action) }) {
			return true
		}
	}
	return false
}

// within reports whether a target is a scope or stands in it.
func within(to, scope cloud.ResourceID) bool {
	return strings.HasPrefix(strings.ToLower(string(to))+"/", strings.ToLower(string(scope))+"/")
}

// dataActions are those of a role of the design, or of a built-in one.
func (e *estate) dataActions(role string) []string {
	if own, ok := e.c.Resource(cloud.ResourceID(role)); ok {
		var out []string
		for _, p := range design.Maps(design.At(own.Body, "properties.permissions")) {
			out = append(out, design.Texts(p["dataActions"])...)
		}
		return out
	}
	known, _ := e.c.Catalog.Role(role[strings.LastIndexAny(role, "/'")+1:])
	return known.DataActions
}

// matches reports whether a pattern of a role, in which * is any text, names an
// action. Capitals do not matter.
func matches(pattern, action string) bool {
	pattern, action = strings.ToLower(pattern), strings.ToLower(action)
	head, tail, wild := strings.Cut(pattern, "*")
	if !wild {
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
