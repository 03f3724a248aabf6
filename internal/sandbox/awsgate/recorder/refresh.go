package recorder

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"example.com/landfall/internal/sandbox/awsgate/awsapi"
)

const (
	// readersAtOnce: the control plane is one Python process, more would only queue.
	readersAtOnce = 4
	readTimeout   = 30 * time.Second
	// refreshTimeout bounds a refresh whoever waits for it.
	refreshTimeout = 2 * time.Minute
)

// Observed marks the families that a successful call may have changed.
func (r *Recorder) Observed(_ context.Context, call *awsapi.Call, outcome awsapi.Outcome) {
	// A call without an answer may have had its effect.
	if outcome.Status != 0 && !outcome.OK() || !changes(call.Service, call.Operation) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, f := range r.families {
		// Stacks and tags reach into every service.
		if slices.Contains(f.services, call.Service) || call.Service == "cloudformation" || call.Service == "tagging" {
			r.mark(f)
		}
	}
}

// mark makes the next query read the family. The caller holds the lock.
func (r *Recorder) mark(f family) {
	for _, k := range f.kinds {
		r.dirty[k.name()] = true
	}
}

// changes reports whether an operation may change what a configuration item
// says. Reading operations are told by their verb; operations on the data
// within a resource by name, because there are thousands of them in a load.
func changes(service, operation string) bool {
	for _, verb := range []string{"Describe", "Get", "List", "BatchGet", "Head", "Lookup", "Search", "Select",
		"Scan", "Query", "Test", "Validate", "Check", "Filter", "Receive", "Decode", "Simulate", "Batch"} {
		if strings.HasPrefix(operation, verb) {
			return false
		}
	}
	switch service {
	case "s3":
		return strings.Contains(operation, "Bucket") || strings.Contains(operation, "PublicAccessBlock") || strings.Contains(operation, "ObjectLockConfiguration")
	case "sqs":
		return !strings.Contains(operation, "Message")
	case "sns":
		return !strings.HasPrefix(operation, "Publish")
	case "dynamodb":
		return strings.Contains(operation, "Table") || strings.Contains(operation, "Resource") || strings.Contains(operation, "Time") || strings.Contains(operation, "Backup")
	case "kms":
		return !strings.Contains(operation, "crypt") && !strings.HasPrefix(operation, "Generate") && operation != "Sign" && !strings.HasPrefix(operation, "Verify")
	case "lambda":
		return !strings.HasPrefix(operation, "Invoke")
	case "events":
		return operation != "PutEvents"
	case "monitoring":
		return operation != "PutMetricData"
	case "ecr":
		return !strings.Contains(operation, "Layer") && operation != "PutImage"
	case "sts", "logs":
		return false
	}
	return true
}

// Refresh reads the families that may have changed. One refresh runs at a
// time; callers that come meanwhile wait for it and then look again.
func (r *Recorder) Refresh(ctx context.Context) error {
	for {
		r.mu.Lock()
		marked := r.marked()
		if r.life.Err() != nil || len(marked) == 0 && r.refreshing == nil {
			r.mu.Unlock()
			return nil
		}
		under := r.refreshing
		if under == nil {
			under = make(chan struct{})
			r.refreshing = under
			clear(r.dirty)
			r.mu.Unlock()
			go r.refresh(marked, under)
			return r.await(ctx, under)
		}
		r.mu.Unlock()
		if err := r.await(ctx, under); err != nil {
			return err
		}
	}
}

func (r *Recorder) await(ctx context.Context, done <-chan struct{}) error {
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *Recorder) marked() []kind {
	var out []kind
	for _, f := range r.families {
		for _, k := range f.kinds {
			if r.dirty[k.name()] {
				out = append(out, k)
			}
		}
	}
	return out
}

// reading is what came back from one kind.
type reading struct {
	kind  kind
	items []item
	err   error
}

func (r *Recorder) refresh(marked []kind, done chan struct{}) {
	defer close(done)
	ctx, cancel := context.WithTimeout(r.life, refreshTimeout)
	defer cancel()
	readings := make([]*reading, len(marked))
	for i, k := range marked {
		readings[i] = &reading{kind: k}
	}
	slots := make(chan struct{}, readersAtOnce)
	var group sync.WaitGroup
	for _, one := range readings {
		group.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			one.items, one.err = one.kind.read(ctx)
		})
	}
	group.Wait()

	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.opt.Now().UTC()
	for _, one := range readings {
		if one.err != nil {
			r.unread(one.kind, one.err)
			continue
		}
		delete(r.failing, one.kind.name())
		r.history.observe(one.kind.types, one.items)
	}
	r.history.settle(now, r.opt.Account)
	r.refreshing = nil
}

// unread says once that a kind cannot be read, and has the next query try
// again: otherwise it would take the old items for current.
func (r *Recorder) unread(k kind, err error) {
	r.dirty[k.name()] = true
	if !r.failing[k.name()] && r.life.Err() == nil {
		r.failing[k.name()] = true
		r.opt.Log.Warn("configuration items could not be read and stay as they were", "types", k.types, "error", err)
	}
}
