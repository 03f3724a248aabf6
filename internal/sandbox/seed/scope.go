package seed

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"example.com/landfall/internal/fault"
	"github.com/aws/smithy-go"
)

// scope is one run of calls for one owner. The first error sticks and turns
// the calls after it into nothing, so that a stage of forty calls reads as
// forty calls and still stops at the first that did not work. It carries the
// context because it lives no longer than the stage that was given it.
type scope struct {
	*seeder
	*stage
	owner workload
}

// stage is what the scopes of one stage share.
type stage struct {
	ctx context.Context
	err error
}

// do makes one call whose answer nobody needs.
func do[I, O, P any](s *scope, call func(context.Context, *I, ...func(*P)) (*O, error), in *I) {
	get(s, call, in, func(*O) struct{} { return struct{}{} })
}

// get makes one call and picks a value out of the answer. After an error it
// gives the zero value.
func get[I, O, P, V any](s *scope, call func(context.Context, *I, ...func(*P)) (*O, error), in *I, pick func(*O) V) V {
	var none V
	if s.err != nil {
		return none
	}
	out, err := call(s.ctx, in)
	if err != nil {
		s.err = callFault(err, operation(in))
		return none
	}
	return pick(out)
}

// create makes one call that brings a resource into being, picks the
// resource's id out of the answer and records it.
func create[I, O, P any](s *scope, r Resource, call func(context.Context, *I, ...func(*P)) (*O, error), in *I, pick func(*O) *string) string {
	id := get(s, call, in, pick)
	if s.err != nil {
		return ""
	}
	if id == nil || *id == "" {
		s.err = fault.Newf(fault.Internal, "read the answer of %s: it names no id", operation(in))
		return ""
	}
	r.ID = *id
	s.made(r)
	return *id
}

// named is create for a resource whose id is the name it was asked for by.
func named[I, O, P any](s *scope, r Resource, call func(context.Context, *I, ...func(*P)) (*O, error), in *I) {
	do(s, call, in)
	if s.err == nil {
		r.ID = r.Name
		s.made(r)
	}
}

// as returns a scope for the same stage whose resources belong to another owner.
func (s *scope) as(w workload) *scope {
	return &scope{seeder: s.seeder, stage: s.stage, owner: w}
}

// operation is the service and operation of an SDK input: "ec2 CreateVpc".
func operation(in any) string {
	name := strings.TrimPrefix(fmt.Sprintf("%T", in), "*")
	return strings.TrimSuffix(strings.Replace(name, ".", " ", 1), "Input")
}

// callFault gives an SDK error its kind.
func callFault(err error, op string) error {
	kind := fault.KindOf(err)
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		kind = codeKind(api.ErrorCode(), api.ErrorFault())
	}
	return fault.Of(kind, "seed by "+op, "", err)
}

func codeKind(code string, side smithy.ErrorFault) fault.Kind {
	switch {
	case strings.Contains(code, "AlreadyExists"), strings.Contains(code, "Duplicate"),
		strings.Contains(code, "AlreadyOwned"), strings.Contains(code, "Conflict"), strings.Contains(code, "InUse"):
		return fault.Conflict
	case strings.Contains(code, "AccessDenied"), strings.Contains(code, "Unauthorized"), strings.Contains(code, "AuthFailure"):
		return fault.Denied
	case strings.Contains(code, "Throttl"), code == "SlowDown", code == "RequestLimitExceeded":
		return fault.Throttled
	case strings.Contains(code, "NotImplemented"):
		return fault.Unsupported
	case side == smithy.FaultServer:
		return fault.Unavailable
	}
	return fault.Invalid
}
