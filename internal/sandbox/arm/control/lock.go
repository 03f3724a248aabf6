package control

import (
	"slices"
	"strings"

	"example.com/landfall/internal/sandbox/arm/armerror"
	"example.com/landfall/internal/sandbox/arm/armid"
	"example.com/landfall/internal/sandbox/arm/document"
)

const lockType = "microsoft.authorization/locks"

// locks returns the scopes of locks, of the level or any, that pass the test.
func (p *Plane) locks(level string, at func(scope armid.ID) bool) []string {
	var scopes []string
	for _, r := range p.ofKind(lockType) {
		if level != "" && !strings.EqualFold(document.Text(r.written, "properties.level"), level) {
			continue
		}
		if scope := r.id.Scope(); at(scope) {
			scopes = append(scopes, scope.String())
		}
	}
	slices.Sort(scopes)
	return slices.Compact(scopes)
}

// writable refuses a change under a ReadOnly lock. Locks are inherited from
// every scope above. A lock itself can always be changed, or nobody could
// remove one.
func (p *Plane) writable(id armid.ID) error {
	if id.TypeKey() == lockType {
		return nil
	}
	scopes := p.locks("ReadOnly", func(scope armid.ID) bool { return scope.Contains(id) })
	return locked(id, "write", scopes)
}

// removable refuses a deletion under any lock, and that of a scope that holds
// a locked resource: deleting the group would delete it.
func (p *Plane) removable(id armid.ID) error {
	if id.TypeKey() == lockType {
		return nil
	}
	scopes := p.locks("", func(scope armid.ID) bool { return scope.Contains(id) || id.Contains(scope) })
	return locked(id, "delete", scopes)
}

func locked(id armid.ID, operation string, scopes []string) error {
	if len(scopes) == 0 {
		return nil
	}
	return armerror.Conflict("ScopeLocked", "The scope '%s' cannot perform %s operation because following scope(s) are locked: '%s'. Please remove the lock and try again.", id, operation, strings.Join(scopes, "', '"))
}
