package route53

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/aws/smithy-go"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/traffic"
)

// longest is waited for until all of Route 53's servers have a change; it says
// itself that most take 60 seconds.
const longest = 15 * time.Minute

// Switch leads names of the zones that a client may change. It is safe for
// concurrent use; two that lead one name at the same time are told apart by the
// service.
type Switch struct {
	client Client
	// every is how often the service is asked whether a change is everywhere.
	every time.Duration
}

var _ traffic.Switch = Switch{}

// New returns a switch over the client.
func New(client Client) Switch { return Switch{client, 2 * time.Second} }

// Get says how a name is led.
func (s Switch) Get(ctx context.Context, e traffic.Entrance) (traffic.State, error) {
	f, err := s.look(ctx, e)
	if err != nil {
		return traffic.State{}, err
	}
	return f.state(e.Target), nil
}

// Shift gives the target a share.
func (s Switch) Shift(ctx context.Context, e traffic.Entrance, share int) (traffic.State, error) {
	if share < 0 || share > 100 {
		return traffic.State{}, fault.Newf(fault.Invalid, "lead %q: a share of %d %% cannot be", e.Name, share)
	}
	return s.lead(ctx, e, func(f found) ([]record, bool, error) {
		w := wanted{share: share, ttl: f.lowered(), target: e.Target}
		out, err := f.desired(w)
		return out, true, err
	})
}

// SetTTL says how long answers may be kept. Aliases have no time of their own.
func (s Switch) SetTTL(ctx context.Context, e traffic.Entrance, ttl time.Duration) (traffic.State, error) {
	seconds := int64(ttl / time.Second)
	if seconds < 1 || ttl > 7*24*time.Hour {
		return traffic.State{}, fault.Newf(fault.Invalid, "keep answers for %q %v: from a second to a week can be said", e.Name, ttl)
	}
	return s.lead(ctx, e, func(f found) ([]record, bool, error) {
		if len(ofName(f.now, f.fqdn)) == 0 {
			return nil, false, fault.Newf(fault.NotFound, "lead %q: the zone has no record that leads it", e.Name)
		}
		return wanted{ttl: seconds}.timed(f.now), true, nil
	})
}

// Restore leads a name as it was.
func (s Switch) Restore(ctx context.Context, e traffic.Entrance) (traffic.State, error) {
	return s.lead(ctx, e, func(f found) ([]record, bool, error) {
		if f.journal == nil {
			return f.now, false, nil
		}
		return f.before, false, nil
	})
}

// Settle leads a name to the target alone.
func (s Switch) Settle(ctx context.Context, e traffic.Entrance) (traffic.State, error) {
	return s.lead(ctx, e, func(f found) ([]record, bool, error) {
		out, err := f.desired(wanted{share: 100, ttl: f.lowered(), target: e.Target, alone: true})
		return out, false, err
	})
}

// lead looks, decides and changes what differs. The journal is written with the
// first change and goes with the last.
func (s Switch) lead(ctx context.Context, e traffic.Entrance, decide func(found) (after []record, journal bool, err error)) (traffic.State, error) {
	f, err := s.look(ctx, e)
	if err != nil {
		return traffic.State{}, err
	}
	after, keep, err := decide(f)
	if err != nil {
		return traffic.State{}, err
	}
	now := slices.Clone(f.now)
	if f.journal != nil {
		now = append(now, *f.journal)
	}
	switch {
	case keep && f.journal != nil:
		after = append(slices.Clone(after), *f.journal)
	case keep && !reflect.DeepEqual(sorted(after), sorted(f.now)):
		values, err := write(f.before)
		if err != nil {
			return traffic.State{}, err
		}
		after = append(slices.Clone(after), record{Name: f.helper(journalLabel), Type: "TXT", TTL: traffic.ShortTTL, Values: values})
	}
	if err := s.change(ctx, f.zoneID, e.Name, now, after); err != nil {
		return traffic.State{}, err
	}
	return s.Get(ctx, e)
}

// change makes one batch of what differs, and waits until it is everywhere. What
// is changed is deleted as it was seen and put anew: the service takes a deletion
// only of the very values that are there, and with it the batch (Amazon Route 53
// API Reference, "Change").
func (s Switch) change(ctx context.Context, zone, name string, now, after []record) error {
	batch := &types.ChangeBatch{Comment: aws.String("landfall leads " + name)}
	add := func(action types.ChangeAction, records []record) error {
		for _, r := range records {
			set, err := r.toSDK()
			if err != nil {
				return err
			}
			batch.Changes = append(batch.Changes, types.Change{Action: action, ResourceRecordSet: &set})
		}
		return nil
	}
	// An alias needs what it leads to: helpers come before names, and go after
	// them.
	if err := errors.Join(add(types.ChangeActionDelete, without(sorted(now), after)), add(types.ChangeActionUpsert, inner(without(sorted(after), now)))); err != nil {
		return err
	}
	if len(batch.Changes) == 0 {
		return nil
	}
	out, err := s.client.ChangeResourceRecordSets(ctx, &route53.ChangeResourceRecordSetsInput{HostedZoneId: &zone, ChangeBatch: batch})
	if err != nil {
		if api, ok := errors.AsType[smithy.APIError](err); ok && api.ErrorCode() == "InvalidChangeBatch" {
			return fault.Of(fault.Conflict, "lead", name, errors.New(api.ErrorMessage())).Hintf("somebody else changed its records meanwhile, or the service takes none such; look, and try again")
		}
		return failed(err, "lead", name)
	}
	return s.everywhere(ctx, name, out.ChangeInfo)
}

func (s Switch) everywhere(ctx context.Context, name string, info *types.ChangeInfo) error {
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	for info != nil && info.Status != types.ChangeStatusInsync {
		select {
		case <-ctx.Done():
			return fault.Wrap(ctx.Err(), "wait until every name server has the change of", name)
		case <-time.After(s.every):
		}
		out, err := s.client.GetChange(ctx, &route53.GetChangeInput{Id: info.Id})
		if err != nil {
			return failed(err, "wait until every name server has the change of", name)
		}
		info = out.ChangeInfo
	}
	return nil
}

// without are the records that are not among others just so.
func without(records, others []record) []record {
	var out []record
	for _, r := range records {
		if !slices.ContainsFunc(others, func(o record) bool { return reflect.DeepEqual(normal(r), normal(o)) }) {
			out = append(out, r)
		}
	}
	return out
}

// inner puts records of helpers before those of the name.
func inner(records []record) []record {
	out := slices.Clone(records)
	slices.SortStableFunc(out, func(a, b record) int { return cmp.Compare(strings.Count(b.Name, "."), strings.Count(a.Name, ".")) })
	return out
}

func sorted(records []record) []record {
	out := make([]record, len(records))
	for i, r := range records {
		out[i] = normal(r)
	}
	slices.SortFunc(out, func(a, b record) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Type, b.Type), cmp.Compare(a.Identifier, b.Identifier))
	})
	return out
}

// normal is a record with its values in order: the service does not keep it.
func normal(r record) record {
	r.Values = slices.Clone(r.Values)
	slices.Sort(r.Values)
	return r
}

// lowered is the time to live that the name has now, 0 when only aliases lead
// it.
func (f found) lowered() int64 {
	longest := int64(0)
	for _, r := range f.now {
		longest = max(longest, r.TTL)
	}
	return longest
}

// state reads the weights. Records without one lead to the target, or not.
func (f found) state(target traffic.Endpoint) traffic.State {
	st := traffic.State{Changed: f.journal != nil, TTL: time.Duration(f.lowered()) * time.Second}
	var lines []string
	source, share, settled := int64(0), int64(0), true
	for _, r := range sorted(f.now) {
		if r.Name != f.fqdn {
			continue
		}
		line := r.Type
		if r.Weight != nil {
			line += fmt.Sprintf(" weight %d", *r.Weight)
			if r.Identifier == targetSet {
				share += *r.Weight
			} else {
				source += *r.Weight
			}
		}
		if line += " " + strings.Join(r.Values, " "); r.Alias != nil {
			line += "alias of " + r.Alias.Name
		}
		lines, settled = append(lines, line), settled && f.leadsTo(r, target)
	}
	switch {
	case source+share > 0:
		st.Share = 100 * float64(share) / float64(source+share)
	case settled && len(lines) > 0:
		st.Share = 100
	}
	st.Text = strings.Join(lines, "; ")
	return st
}

// leadsTo reports whether a record without a weight is one that Settle makes.
func (f found) leadsTo(r record, target traffic.Endpoint) bool {
	if r.Alias != nil || r.Identifier != "" {
		return false
	}
	if r.Type == "CNAME" {
		host := cmp.Or(dotted(target.Host), f.helper(targetLabel))
		return slices.Equal(r.Values, []string{host})
	}
	return slices.Equal(normal(r).Values, addressesOf(r.Type, target.Addresses))
}
