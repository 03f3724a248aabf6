package provider

import (
	"strings"

	"example.com/landfall/internal/sandbox/arm/armerror"
)

// Action is one POST on a resource.
type Action struct {
	Subject
	// Name is the last segment of the path, as written.
	Name string
	// Input is the body.
	Input map[string]any
}

// Effect is what an action did.
type Effect struct {
	// Body is the answer; nil answers without a body.
	Body any
	// Runtime are values to remember with the resource.
	Runtime map[string]string
}

// Acting is the run-time value that names the action under way at the server
// behind a resource; "" for none.
const Acting = "acting"

// actor does one action of one type.
type actor func(a Action) (Effect, error)

// actors is the table by lower-case "type/action".
func actors() map[string]actor {
	all := map[string]actor{}
	for _, group := range []map[string]actor{computeActors(), storageActors(), databaseActors(), messagingActors(), webActors(), containerActors(), monitorActors()} {
		for name, a := range group {
			all[strings.ToLower(name)] = a
		}
	}
	return all
}

// Act does an action. A known type without that action here is answered with
// what is missing, never with an empty success.
func (p *Providers) Act(a Action) (Effect, error) {
	do, ok := p.act[a.ID.TypeKey()+"/"+strings.ToLower(a.Name)]
	if !ok {
		return Effect{}, armerror.NotSupported("the action '" + a.Name + "' of type '" + a.ID.Type() + "'")
	}
	return do(a)
}

// power is an action that only changes the power state.
func power(state string) actor {
	return func(Action) (Effect, error) { return Effect{Runtime: map[string]string{"power": state}}, nil }
}

// generation counts how often a key was made anew.
func (s Subject) generation(key string) string { return s.Runtime["key "+key] }

// renewed marks a key as made anew.
func (a Action) renewed(key string) map[string]string {
	return map[string]string{"key " + key: a.generation(key) + "+"}
}
