package app

import (
	"sync"
	"time"

	"example.com/landfall/internal/move/objects"
	"example.com/landfall/internal/move/objects/tally"
)

// openPass is a pass that this process works on; all its shards share a mover,
// with its bounds of requests and memory.
type openPass struct {
	state moveState
	mover *objects.Mover
	notes pages
	// home says that the pass was begun in this folder.
	home bool

	mu    sync.Mutex
	told  tally.Use
	users int
}

// use is what was used up since it was last asked for.
func (o *openPass) use() tally.Use {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := o.mover.Use()
	out := now.Less(o.told)
	o.told = now
	return out
}

// openPasses are those that this process works on.
type openPasses struct {
	mu  sync.Mutex
	all map[string]*openPass
}

// idlePass is how long a mover is kept without work: what it has found out about
// the rates of both sides is of use to the next shard.
const idlePass = 30 * time.Second

// enter returns the open pass of a key, and makes it when there is none. leave is
// called when the shard has ended.
func (o *openPasses) enter(key string, make func() (*openPass, error)) (*openPass, func(), error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	pass := o.all[key]
	if pass == nil {
		var err error
		if pass, err = make(); err != nil {
			return nil, nil, err
		}
		o.all[key] = pass
	}
	pass.users++
	return pass, func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		if pass.users--; pass.users > 0 {
			return
		}
		time.AfterFunc(idlePass, func() {
			o.mu.Lock()
			defer o.mu.Unlock()
			if pass.users == 0 && o.all[key] == pass {
				delete(o.all, key)
			}
		})
	}, nil
}
