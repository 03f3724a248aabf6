package provider

import (
	"fmt"
	"strings"
	"time"

	"example.com/landfall/internal/sandbox/arm/armid"
	"example.com/landfall/internal/sandbox/arm/document"
)

// World is what a provider's functions may ask the sandbox. All of it is
// called while the sandbox holds its lock.
type World interface {
	// GUID gives a GUID that stays the same for one life of the resource.
	GUID(purpose string) string
	// Claim gives the holder a value of a pool that nobody else has, the same
	// one each time it asks. wish is tried first when it is not empty; nth
	// lists the pool. ok is false when the wish is taken or the pool is used up.
	Claim(pool, holder, wish string, nth func(int) (string, bool)) (value string, ok bool)
	// Lookup gives a resource as it is answered.
	Lookup(id string) (map[string]any, bool)
	// Others lists the resources of a type in the subscription, by id.
	Others(kind string) []armid.ID
	// Base is the URL of the sandbox without a trailing slash.
	Base() string
	// Tenant is the id of the directory.
	Tenant() string
}

// Subject is one resource whose read-only properties are asked for.
type Subject struct {
	// ID is where it stands.
	ID armid.ID
	// Body is what was written.
	Body map[string]any
	// State is the provisioning state.
	State string
	// Prior are the read-only properties of before; nil at creation.
	Prior map[string]any
	// Now is the time of the write.
	Now time.Time
	// Runtime is what actions changed: the power state of a machine, the
	// generation of a key.
	Runtime map[string]string
	World
}

func (s Subject) text(path string) string { return document.Text(s.Body, path) }

func (s Subject) list(path string) []any { return document.List(s.Body, path) }

// property returns the written value, or the default when there is none.
func (s Subject) property(path, otherwise string) string {
	if v := s.text("properties." + path); v != "" {
		return v
	}
	return otherwise
}

// prior returns a read-only value of before, so that what a provider chose
// once does not change with every update.
func (s Subject) prior(path string) string { return document.Text(s.Prior, path) }

// once keeps a value from the first write on.
func (s Subject) once(path, value string) string {
	if old := s.prior(path); old != "" {
		return old
	}
	return value
}

// Created is the time of creation in the form Azure writes times.
func (s Subject) stamp() string { return s.Now.UTC().Format("2006-01-02T15:04:05.0000000Z") }

func (s Subject) location() string { return RegionName(s.text("location")) }

// filler gives the read-only overlay of one type.
type filler func(s Subject) map[string]any

// fillers is the table by lower-case type.
func fillers() map[string]filler {
	all := map[string]filler{}
	for _, group := range []map[string]filler{networkFillers(), edgeFillers(), computeFillers(), storageFillers(), databaseFillers(), identityFillers(), vaultFillers(), webFillers(), containerFillers(), messagingFillers(), monitorFillers()} {
		for kind, f := range group {
			all[strings.ToLower(kind)] = f
		}
	}
	return all
}

// Providers answers for all types. It does not change after New.
type Providers struct {
	fill     map[string]filler
	validate map[string]validator
	act      map[string]actor
}

// New returns the providers.
func New() *Providers {
	return &Providers{fill: fillers(), validate: validators(), act: actors()}
}

// Fill returns the read-only properties of a resource, to be laid over what
// was written: those of its type, the provisioning state, and the parts of its
// body that are resources of their own.
func (p *Providers) Fill(s Subject) map[string]any {
	out := map[string]any{}
	if !stateless(s.ID.TypeKey()) {
		out = document.Set(out, "properties.provisioningState", s.State)
	}
	if parts := fillParts(s); len(parts) > 0 {
		out = document.Overlay(out, map[string]any{"properties": parts})
	}
	if identity := fillIdentity(s); identity != nil {
		out["identity"] = identity
	}
	if f, ok := p.fill[s.ID.TypeKey()]; ok {
		out = document.Overlay(out, f(s))
	}
	return out
}

// stateless types have no provisioningState in their properties.
func stateless(kind string) bool {
	for _, prefix := range []string{"microsoft.authorization/", "microsoft.resources/tags", "microsoft.dbforpostgresql/", "microsoft.dbformysql/", "microsoft.web/", "microsoft.insights/diagnosticsettings",
		"microsoft.insights/metricalerts", "microsoft.insights/autoscalesettings", "microsoft.network/trafficmanagerprofiles", "microsoft.network/dnszones", "microsoft.managedidentity/", "microsoft.storage/storageaccounts/"} {
		if strings.HasPrefix(kind, prefix) {
			return true
		}
	}
	return false
}

// fillIdentity answers a managed identity block: the system-assigned principal
// and what each user-assigned identity is.
func fillIdentity(s Subject) map[string]any {
	kind := strings.ToLower(s.text("identity.type"))
	if kind == "" || kind == "none" {
		return nil
	}
	out := map[string]any{}
	if strings.Contains(kind, "systemassigned") {
		out["principalId"], out["tenantId"] = s.GUID("principal"), s.Tenant()
	}
	assigned := map[string]any{}
	for id := range document.Object(s.Body, "identity.userAssignedIdentities") {
		entry := map[string]any{}
		if other, ok := s.Lookup(id); ok {
			entry["principalId"], entry["clientId"] = document.Text(other, "properties.principalId"), document.Text(other, "properties.clientId")
		}
		assigned[id] = entry
	}
	if len(assigned) > 0 {
		out["userAssignedIdentities"] = assigned
	}
	return out
}

// properties is the usual form of an overlay.
func properties(pairs map[string]any) map[string]any { return map[string]any{"properties": pairs} }

func weakTag(s Subject) string { return fmt.Sprintf(`W/"%s"`, s.GUID("etag"+s.stamp())) }
