package awsgate

import (
	"encoding/binary"
	"math/rand/v2"
	"sync"

	"github.com/google/uuid"
)

// newIDs returns a source of version 4 UUIDs that depend on seed and stream
// alone. It is safe for concurrent use.
func newIDs(seed, stream uint64) func() string {
	var mu sync.Mutex
	random := rand.NewPCG(seed, stream)
	return func() string {
		mu.Lock()
		defer mu.Unlock()
		var id uuid.UUID
		binary.BigEndian.PutUint64(id[:8], random.Uint64())
		binary.BigEndian.PutUint64(id[8:], random.Uint64())
		id[6] = id[6]&0x0f | 0x40 // version 4
		id[8] = id[8]&0x3f | 0x80 // RFC 9562 variant
		return id.String()
	}
}
