package aws

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"example.com/landfall/internal/awserror"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/inventory"
)

// Bounds of what is in memory at once: pages of one listing, and elements of
// one page whose own calls are made.
const (
	pagesAtOnce    = 2
	elementsAtOnce = 16
)

// run makes a step's calls and hands its elements on. above are the elements
// that it is made for, and of is their kind. The error is only for what ends
// the scan.
func (l *lane) run(ctx context.Context, s *step, above []item, of *step) error {
	if s.call.do == nil {
		return l.page(ctx, s, "fixed", cloneItems(s.fixed))
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(pagesAtOnce)
	count := 0
	err := l.pages(ctx, s, above, func(first bool, answer any) error {
		if first {
			count = 0
		}
		found, err := l.elements(s, above, answer)
		if err != nil {
			return err
		}
		count += len(found)
		l.partial(s, answer)
		group.Go(func() error { return l.page(ctx, s, l.name(s), found) })
		return ctx.Err()
	})
	if waited := group.Wait(); waited != nil {
		return waited
	}
	return l.settle(s, above, of, count, err)
}

// partial lists as unread what an answer says that it leaves out: AWS Config's
// and ECS's batches answer a part and name the rest.
func (l *lane) partial(s *step, answer any) {
	for _, field := range []string{"UnprocessedResourceKeys", "Failures"} {
		for range elements(answer, field) {
			l.miss(l.name(s), fault.Newf(fault.Unavailable, "the answer is not whole"), s.what()+" that the answer leaves out under "+field, "")
		}
	}
}

// settle turns a call's error into an unread entry, unless it ends the scan.
func (l *lane) settle(s *step, above []item, of *step, read int, err error) error {
	if err == nil {
		return nil
	}
	if end, ok := errors.AsType[fatal](err); ok {
		return end.error
	}
	if l.notHere(err) {
		return nil
	}
	hides := s.hides(of, len(above) > 0)
	if read > 0 {
		hides = fmt.Sprintf("pages after the first %d %s", read, s.what())
		if of != nil {
			hides += " of " + of.what()
		}
	}
	l.miss(l.name(s), err, hides, s.about(above))
	return nil
}

// region is the region's name in the artefact; AWS Config says "global" of
// what has none.
func (l *lane) region() cloud.Region {
	if l.place.Region == "" {
		return "global"
	}
	return l.place.Region
}

func (l *lane) miss(operation string, err error, hides, of string) {
	l.scan.misses.add(missKey{operation, l.place.Account, l.region(), reasonOf(err)}, hides, of)
}

// elements returns the answer's elements as items.
func (l *lane) elements(s *step, above []item, answer any) ([]item, error) {
	var found []item
	for _, e := range elements(answer, s.path) {
		i, err := asItem(e, s.name)
		if err != nil {
			return nil, fault.Of(fault.Internal, "read the answer of", l.name(s), err)
		}
		for _, c := range s.carry {
			if len(above) > 0 && above[0].value(c.from) != nil {
				i[c.to] = above[0].value(c.from)
			}
		}
		if s.where == nil || s.where(i) {
			found = append(found, i)
		}
	}
	return found, nil
}

// page completes the elements of one page, emits them and makes the calls
// below them.
func (l *lane) page(ctx context.Context, s *step, origin string, found []item) error {
	lanes := make([]*lane, len(found))
	err := each(ctx, found, func(ctx context.Context, n int) error {
		for _, below := range s.steps {
			if below.early {
				if err := l.bring(ctx, s, below, found[n]); err != nil {
					return err
				}
			}
		}
		lanes[n] = l
		if s.home != nil {
			lanes[n] = l.elsewhere(s.home(found[n]))
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, below := range s.steps {
		if below.batch > 0 && below.merge {
			if err := l.bringBatches(ctx, s, below, found); err != nil {
				return err
			}
		}
	}
	err = each(ctx, found, func(ctx context.Context, n int) error {
		if err := lanes[n].complete(ctx, s, found[n]); err != nil {
			return err
		}
		if err := lanes[n].emit(s, origin, found[n]); err != nil {
			return err
		}
		return lanes[n].below(ctx, s, found[n])
	})
	if err != nil {
		return err
	}
	return l.belowBatches(ctx, s, found)
}

// each calls f for each element, several at once.
func each(ctx context.Context, found []item, f func(ctx context.Context, n int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(elementsAtOnce)
	for n := range found {
		group.Go(func() error { return f(ctx, n) })
	}
	return group.Wait()
}

// complete makes the into steps of one element, at once, and puts what they
// bring into it in the order of the table.
func (l *lane) complete(ctx context.Context, s *step, found item) error {
	var steps []*step
	for _, below := range s.steps {
		if below.merge && below.batch == 0 && !below.early {
			steps = append(steps, below)
		}
	}
	brought := make([]any, len(steps))
	group, ctx := errgroup.WithContext(ctx)
	for n, below := range steps {
		group.Go(func() (err error) {
			brought[n], err = l.gather(ctx, s, below, found)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for n, below := range steps {
		below.put(found, brought[n])
	}
	return nil
}

// bring makes one into step of one element.
func (l *lane) bring(ctx context.Context, s, below *step, found item) error {
	value, err := l.gather(ctx, s, below, found)
	if err != nil {
		return err
	}
	below.put(found, value)
	return nil
}

// gather makes the calls of an into step and returns what they bring.
func (l *lane) gather(ctx context.Context, s, below *step, found item) (any, error) {
	if below.when != nil && !below.when(found) {
		return nil, nil //nolint:nilnil // nothing to bring, which is no mistake
	}
	above := []item{found}
	var parts []any
	err := l.pages(ctx, below, above, func(first bool, answer any) error {
		if first {
			parts = nil
		}
		if below.name == "" && len(below.steps) == 0 {
			parts = append(parts, at(answer, below.path))
			return nil
		}
		inner, err := l.elements(below, above, answer)
		if err != nil {
			return err
		}
		if err := l.page(ctx, below, "", inner); err != nil {
			return err
		}
		list := make([]any, len(inner))
		for n, i := range inner {
			list[n] = map[string]any(i)
		}
		parts = append(parts, list)
		return nil
	})
	return join(parts), l.settle(below, above, s, 0, err)
}

// at returns what stands at the path of an answer; through lists it is a list.
func at(answer any, path string) any {
	if path == "" {
		return answer
	}
	object, _ := answer.(map[string]any)
	if direct := item(object).value(path); direct != nil {
		return direct
	}
	if found := elements(answer, path); len(found) > 0 {
		return found
	}
	return nil
}

// put puts what an into step has brought into the element.
func (s *step) put(found item, value any) {
	if value == nil {
		return
	}
	if s.field != "" {
		found[s.field] = value
		return
	}
	if list, ok := value.([]any); ok && len(list) == 1 {
		value = list[0]
	}
	if object, ok := value.(map[string]any); ok {
		maps.Copy(found, object)
	}
}

// bringBatches makes the calls of a batch step that completes its elements.
func (l *lane) bringBatches(ctx context.Context, s, below *step, found []item) error {
	return l.inBatches(ctx, below, found, func(ctx context.Context, part []item) error {
		return l.bringBatch(ctx, s, below, part)
	})
}

// bringBatch makes one call for several elements. When one of them is gone or
// not allowed, AWS refuses the whole call: then each half is asked alone.
func (l *lane) bringBatch(ctx context.Context, s, below *step, part []item) error {
	err := l.pages(ctx, below, part, func(_ bool, answer any) error {
		for _, e := range elements(answer, below.path) {
			below.hand(part, e)
		}
		return nil
	})
	if divides(err) && len(part) > 1 {
		half := len(part) / 2
		return errors.Join(l.bringBatch(ctx, s, below, part[:half]), l.bringBatch(ctx, s, below, part[half:]))
	}
	if err != nil && len(part) > 1 {
		for _, one := range part {
			if end := l.settle(below, []item{one}, s, 0, err); end != nil {
				return end
			}
		}
		return nil
	}
	return l.settle(below, part, s, 0, err)
}

// divides reports whether an error of a batch can be that of one member.
func divides(err error) bool {
	if _, ends := errors.AsType[fatal](err); ends || err == nil {
		return false
	}
	kind := awserror.Kind(err)
	return kind == fault.NotFound || kind == fault.Invalid
}

// hand gives an element of a batch's answer to the element above that it
// belongs to.
func (s *step) hand(part []item, element any) {
	object, ok := element.(map[string]any)
	if !ok {
		return
	}
	for _, above := range part {
		if reflect.DeepEqual(above.value(s.match.from), object[s.match.to]) {
			s.put(above, at(object, s.matched))
		}
	}
}

func (l *lane) inBatches(ctx context.Context, below *step, found []item, f func(context.Context, []item) error) error {
	var asked []item
	for _, i := range found {
		if below.when == nil || below.when(i) {
			asked = append(asked, i)
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(elementsAtOnce)
	for part := range slices.Chunk(asked, below.batch) {
		group.Go(func() error { return f(ctx, part) })
	}
	return group.Wait()
}

// below makes the steps of one element that bring resources of their own.
func (l *lane) below(ctx context.Context, s *step, found item) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, below := range s.steps {
		if below.merge || below.batch > 0 || below.when != nil && !below.when(found) {
			continue
		}
		group.Go(func() error { return l.run(ctx, below, []item{found}, s) })
	}
	return group.Wait()
}

func (l *lane) belowBatches(ctx context.Context, s *step, found []item) error {
	for _, below := range s.steps {
		if below.merge || below.batch == 0 {
			continue
		}
		err := l.inBatches(ctx, below, found, func(ctx context.Context, part []item) error {
			return l.run(ctx, below, part, s)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// emit hands an element to the sink as resources.
func (l *lane) emit(s *step, origin string, found item) error {
	if s.kind == "" && s.emit == nil {
		return nil
	}
	resources, err := l.convert(s, found)
	if err != nil {
		l.miss(origin, err, "one "+s.what(), labelOf(s.kind, found))
		return nil
	}
	observations := make([]inventory.Observation, 0, len(resources))
	for _, r := range resources {
		if r.Region == "" {
			r.Region = l.region() // IAM and the like
		}
		l.scan.mark(&r)
		l.scan.defaults.note(r, l.place)
		observations = append(observations, inventory.Observation{Resource: r, Source: s.via, Origin: origin})
	}
	return l.scan.sink.Found(observations...)
}

func (l *lane) convert(s *step, found item) ([]inventory.Resource, error) {
	if s.emit != nil {
		return s.emit(l.scan.converter, l.place, found)
	}
	return l.scan.converter.AllFromAPI(s.kind, l.place, found)
}

// what is the kind of a step's elements, in words.
func (s *step) what() string {
	if s.kind != "" {
		return string(s.kind)
	}
	if s.words != "" {
		return s.words
	}
	return "answers of " + s.operation
}

// hides says what a step that is not answered hides: the kinds of its own
// elements and of those below, or a field of the element above.
func (s *step) hides(of *step, some bool) string {
	if s.merge && of != nil {
		field := s.field
		if field == "" {
			field = strings.TrimPrefix(strings.TrimPrefix(s.operation, "Get"), "Describe")
		}
		return field + " of " + of.what()
	}
	var names []string
	for _, kind := range s.kinds() {
		names = append(names, string(kind))
	}
	if len(names) == 0 || s.words != "" {
		names = []string{s.what()}
	}
	if of != nil && of.kind != "" {
		return strings.Join(names, ", ") + " of " + string(of.kind)
	}
	if some {
		return strings.Join(names, ", ") + " of"
	}
	return "all " + strings.Join(names, ", ")
}

// kinds returns the kinds that a step and those below it bring, in order.
func (s *step) kinds() []cloud.Kind {
	var found []cloud.Kind
	if s.kind != "" {
		found = append(found, s.kind)
	}
	for _, below := range s.steps {
		for _, kind := range below.kinds() {
			if !slices.Contains(found, kind) {
				found = append(found, kind)
			}
		}
	}
	return found
}

func cloneItems(items []item) []item {
	found := make([]item, len(items))
	for n, i := range items {
		found[n] = maps.Clone(i)
	}
	return found
}
