package trail

import (
	"sync"
	"time"
)

// lookupsPerSecond is CloudTrail's limit of LookupEvents per account and
// region.
const lookupsPerSecond = 2

// rateLimit is a bucket of tokens per region, of the size of one second's
// worth. The zero value is ready.
type rateLimit struct {
	mu      sync.Mutex
	buckets map[string]*bucket
}

type bucket struct {
	tokens float64
	at     time.Time
}

// maxBuckets bounds the regions that are remembered: callers name them freely.
const maxBuckets = 1000

func (l *rateLimit) take(region string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.buckets == nil || len(l.buckets) >= maxBuckets {
		l.buckets = map[string]*bucket{}
	}
	b := l.buckets[region]
	if b == nil {
		b = &bucket{tokens: lookupsPerSecond, at: now}
		l.buckets[region] = b
	}
	if passed := now.Sub(b.at); passed > 0 {
		b.tokens = min(lookupsPerSecond, b.tokens+passed.Seconds()*lookupsPerSecond)
		b.at = now
	}
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}
