package armid

import (
	"fmt"
	"net/url"
	"strings"
)

// maxSegments bounds an id. The deepest published type has five levels; with
// an extension of an extension an id stays far below this.
const maxSegments = 64

// ID is a scope or a resource. The zero ID is the tenant.
type ID struct {
	// Subscription is empty at tenant level.
	Subscription string
	// Group is the resource group, empty above it.
	Group string
	// Chain holds one element per "/providers/" section, outermost first. A
	// management group is a resource of the tenant.
	Chain []Section
}

// Section is what follows one "/providers/": a namespace with as many types as
// names.
type Section struct {
	Namespace string
	Types     []string
	Names     []string
}

// Path is a parsed request path: an id and the odd segment after it, if any.
type Path struct {
	ID ID
	// Tail is the collection or action: "subnets", "listKeys", "providers".
	Tail string
	// Namespace is set when the path ends inside a providers section that has
	// no resource yet: ".../providers/Microsoft.Compute[/tail]".
	Namespace string
}

// Parse reads an id. A trailing collection or action is an error; see ParsePath.
func Parse(s string) (ID, error) {
	p, err := ParsePath(s)
	if err != nil {
		return ID{}, err
	}
	if p.Tail != "" || p.Namespace != "" {
		return ID{}, fmt.Errorf("read resource id %q: it ends in the middle of a type and name pair", s)
	}
	return p.ID, nil
}

// ParsePath reads a request path. Segments are unescaped once.
func ParsePath(s string) (Path, error) {
	segments, err := split(s)
	if err != nil {
		return Path{}, err
	}
	var p Path
	rest := p.scope(segments)
	for len(rest) > 0 {
		if !strings.EqualFold(rest[0], "providers") {
			if len(rest) == 1 && len(p.ID.Chain) == 0 {
				p.Tail = rest[0]
				return p, nil
			}
			return Path{}, fmt.Errorf("read resource id %q: segment %q is not where a scope or %q can stand", s, rest[0], "providers")
		}
		rest, err = p.section(rest[1:])
		if err != nil {
			return Path{}, fmt.Errorf("read resource id %q: %w", s, err)
		}
	}
	return p, nil
}

func split(s string) ([]string, error) {
	if !strings.HasPrefix(s, "/") {
		return nil, fmt.Errorf("read resource id %q: it does not start with %q", s, "/")
	}
	trimmed := strings.Trim(s, "/")
	if trimmed == "" {
		return nil, nil
	}
	segments := strings.Split(trimmed, "/")
	if len(segments) > maxSegments {
		return nil, fmt.Errorf("read resource id: %d segments, at most %d are allowed", len(segments), maxSegments)
	}
	for i, segment := range segments {
		plain, err := url.PathUnescape(segment)
		if err != nil {
			return nil, fmt.Errorf("read resource id %q: %w", s, err)
		}
		if plain == "" || strings.ContainsRune(plain, '/') {
			return nil, fmt.Errorf("read resource id %q: segment %d is empty or holds a slash", s, i+1)
		}
		segments[i] = plain
	}
	return segments, nil
}

// scope consumes the subscription and resource group and returns the rest.
func (p *Path) scope(segments []string) []string {
	if len(segments) < 2 || !strings.EqualFold(segments[0], "subscriptions") {
		return segments
	}
	p.ID.Subscription = segments[1]
	rest := segments[2:]
	if len(rest) < 2 || !strings.EqualFold(rest[0], "resourceGroups") {
		return rest
	}
	p.ID.Group = rest[1]
	return rest[2:]
}

// section consumes one providers section and returns what follows it.
func (p *Path) section(rest []string) ([]string, error) {
	if len(rest) == 0 {
		p.Tail = "providers"
		return nil, nil
	}
	part := Section{Namespace: rest[0]}
	rest = rest[1:]
	for len(rest) >= 2 && !strings.EqualFold(rest[0], "providers") {
		part.Types = append(part.Types, rest[0])
		part.Names = append(part.Names, rest[1])
		rest = rest[2:]
	}
	more := len(rest) > 0 && strings.EqualFold(rest[0], "providers")
	if len(part.Types) == 0 {
		if more {
			return nil, fmt.Errorf("namespace %q has no type", part.Namespace)
		}
		p.Namespace = part.Namespace
	} else {
		p.ID.Chain = append(p.ID.Chain, part)
	}
	if len(rest) == 1 && !more {
		p.Tail = rest[0]
		return nil, nil
	}
	return rest, nil
}

// String renders the id with the case it was written in. The tenant is "/".
func (id ID) String() string {
	var b strings.Builder
	if id.Subscription != "" {
		b.WriteString("/subscriptions/" + id.Subscription)
	}
	if id.Group != "" {
		// Answers write this word in one way, whatever the request wrote.
		b.WriteString("/resourceGroups/" + id.Group)
	}
	for _, s := range id.Chain {
		b.WriteString("/providers/" + s.Namespace)
		for i, t := range s.Types {
			b.WriteString("/" + t + "/" + s.Names[i])
		}
	}
	if b.Len() == 0 {
		return "/"
	}
	return b.String()
}

// Key is the id in lower case: two ids name the same thing when their keys are
// equal, because Resource Manager compares ids without regard to case.
func (id ID) Key() string { return strings.ToLower(id.String()) }

// IsTenant reports whether the id is the tenant itself.
func (id ID) IsTenant() bool { return id.Subscription == "" && len(id.Chain) == 0 }

// IsSubscription reports whether the id is a subscription.
func (id ID) IsSubscription() bool {
	return id.Subscription != "" && id.Group == "" && len(id.Chain) == 0
}

// IsGroup reports whether the id is a resource group.
func (id ID) IsGroup() bool { return id.Group != "" && len(id.Chain) == 0 }

// IsResource reports whether the id names a resource of a provider.
func (id ID) IsResource() bool { return len(id.Chain) > 0 }

func (id ID) last() Section { return id.Chain[len(id.Chain)-1] }

// Namespace is the provider of the last section, "" for a scope.
func (id ID) Namespace() string {
	if len(id.Chain) == 0 {
		return ""
	}
	return id.last().Namespace
}

// Type is the full type of the last section: "Microsoft.Network/virtualNetworks/subnets".
// Scopes have the types that Resource Manager gives them.
func (id ID) Type() string {
	switch {
	case id.IsResource():
		return id.last().Namespace + "/" + strings.Join(id.last().Types, "/")
	case id.IsGroup():
		return "Microsoft.Resources/resourceGroups"
	case id.IsSubscription():
		return "Microsoft.Resources/subscriptions"
	}
	return "Microsoft.Resources/tenants"
}

// TypeKey is the type in lower case, the key of every table by type.
func (id ID) TypeKey() string { return strings.ToLower(id.Type()) }

// Name is the last name of the id.
func (id ID) Name() string {
	switch {
	case id.IsResource():
		return id.last().Names[len(id.last().Names)-1]
	case id.IsGroup():
		return id.Group
	}
	return id.Subscription
}

// FullName is the names of the last section joined by "/", as templates and
// some answers write the name of a child.
func (id ID) FullName() string {
	if !id.IsResource() {
		return id.Name()
	}
	return strings.Join(id.last().Names, "/")
}

// Scope is what the last section stands on: a resource, group, subscription or
// the tenant. Of a group it is the subscription.
func (id ID) Scope() ID {
	switch {
	case id.IsResource():
		up := id
		up.Chain = id.Chain[:len(id.Chain)-1]
		return up
	case id.IsGroup():
		return ID{Subscription: id.Subscription}
	}
	return ID{}
}

// Parent is the id that must exist before this one can: of a child resource
// the resource around it, otherwise the scope.
func (id ID) Parent() ID {
	if !id.IsResource() || len(id.last().Types) == 1 {
		return id.Scope()
	}
	last := id.last()
	n := len(last.Types) - 1
	up := id
	up.Chain = append(append([]Section(nil), id.Chain[:len(id.Chain)-1]...),
		Section{Namespace: last.Namespace, Types: last.Types[:n:n], Names: last.Names[:n:n]})
	return up
}

// IsChild reports whether the id names a resource inside another of the same
// provider: ".../virtualNetworks/v/subnets/s".
func (id ID) IsChild() bool { return id.IsResource() && len(id.last().Types) > 1 }

// IsExtension reports whether the last section stands on another resource.
func (id ID) IsExtension() bool { return len(id.Chain) > 1 }

// Child returns the id of a resource inside id.
func (id ID) Child(kind, name string) ID {
	last := id.last()
	down := id
	down.Chain = append(append([]Section(nil), id.Chain[:len(id.Chain)-1]...), Section{
		Namespace: last.Namespace,
		Types:     append(append([]string(nil), last.Types...), kind),
		Names:     append(append([]string(nil), last.Names...), name),
	})
	return down
}

// Under returns the id of a resource of a provider with id as its scope. The
// full type and the full name have as many parts as each other.
func (id ID) Under(fullType, fullName string) (ID, error) {
	namespace, types, ok := strings.Cut(fullType, "/")
	kinds, names := strings.Split(types, "/"), strings.Split(fullName, "/")
	if !ok || namespace == "" || len(kinds) != len(names) {
		return ID{}, fmt.Errorf("build resource id: type %q and name %q do not have the same number of segments", fullType, fullName)
	}
	for i := range names {
		if kinds[i] == "" || names[i] == "" {
			return ID{}, fmt.Errorf("build resource id: type %q or name %q has an empty segment", fullType, fullName)
		}
	}
	down := id
	down.Chain = append(append([]Section(nil), id.Chain...), Section{Namespace: namespace, Types: kinds, Names: names})
	return down, nil
}

// Contains reports whether other is id or lies below it, in the tree that
// locks, role assignments and group deletion inherit along.
func (id ID) Contains(other ID) bool {
	if id.IsTenant() {
		return true
	}
	a, b := id.Key(), other.Key()
	return a == b || strings.HasPrefix(b, a+"/")
}
