package objects

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/objects/name"
	"example.com/landfall/internal/move/objects/object"
	"example.com/landfall/internal/move/objects/tally"
)

const (
	// defaultBlock is the size of blocks, and the most that goes in one request.
	defaultBlock = 8 << 20
	// maxBlock and maxBlocks are those of a blob ("Scalability and performance
	// targets for Blob storage").
	maxBlock       = 4000 << 20
	maxBlocks      = 50_000
	defaultBuffers = 96 << 20
	defaultShards  = 64
	// defaultServerFrom is from which size on an extra request for the head pays.
	defaultServerFrom = 1 << 20
)

// Deletes says which blobs that no object answers to are removed.
type Deletes string

// The deletes. The zero value removes nothing.
const (
	DeleteNone Deletes = ""
	// DeleteOurs removes blobs that carry Landfall's mark.
	DeleteOurs Deletes = "ours"
	// DeleteAll removes blobs of others as well.
	DeleteAll Deletes = "all"
)

// Path is the way that bytes take.
type Path string

// The paths. The zero value is Streamed.
const (
	Streamed Path = ""
	// ServerSide lets the target fetch from the source; where it cannot, nothing
	// is copied.
	ServerSide Path = "server"
	// EitherPath tries ServerSide with one object, and streams if that does not
	// work.
	EitherPath Path = "auto"
)

// Settings are what a pass was asked to do. They decide what comes out, and are
// what Fingerprint stands for; how fast it goes is move.Limits.
type Settings struct {
	// Source and Target are both sides for people and for the manifest:
	// "s3://bucket/prefix", "az://account/container/prefix".
	Source string `json:"source"`
	Target string `json:"target"`
	// Names also holds the prefixes on both sides.
	Names name.Policy `json:"names"`
	// NoMark leaves the mark out of the metadata. What is there is then compared
	// by hashes, and read where there are none.
	NoMark bool `json:"noMark,omitempty"`
	// Tags copies the tags of objects that have any, with a request for each.
	Tags     bool    `json:"tags,omitempty"`
	Delete   Deletes `json:"delete,omitempty"`
	Versions bool    `json:"versions,omitempty"`
	// RestoreDays asks for archived objects to be restored for so many days, 0
	// asks for nothing. RestoreTier is "Standard", "Bulk" or "Expedited".
	RestoreDays int    `json:"restoreDays,omitempty"`
	RestoreTier string `json:"restoreTier,omitempty"`
	Path        Path   `json:"path,omitempty"`
	// ServerFrom is from which size on ServerSide is used, 0 for 1 MiB.
	ServerFrom int64 `json:"serverFrom,omitempty"`
	// Block is the size of blocks, 0 for 8 MiB; objects of more than 50,000 of
	// them have larger ones.
	Block int64 `json:"block,omitempty"`
	// Shards is about how many shards are wanted, 0 for 64.
	Shards int `json:"shards,omitempty"`
	// Chosen are the options that chose the objects, as they were given: the ports
	// show no others. They stand in the head of the manifest.
	Chosen []string `json:"chosen,omitempty"`
}

// Fingerprint stands for the settings: equal ones have equal fingerprints.
func (s Settings) Fingerprint() string {
	text, err := json.Marshal(s)
	if err != nil {
		panic("settings are plain values: " + err.Error())
	}
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// complete checks the settings and fills in the defaults.
func (s Settings) complete() (Settings, error) {
	switch {
	case s.Delete != DeleteNone && s.Delete != DeleteOurs && s.Delete != DeleteAll:
		return s, fault.Newf(fault.Usage, "delete %q: want %q or %q", s.Delete, DeleteOurs, DeleteAll)
	case s.Path != Streamed && s.Path != ServerSide && s.Path != EitherPath:
		return s, fault.Newf(fault.Usage, "use path %q: want %q, %q or none", s.Path, ServerSide, EitherPath)
	case s.Delete == DeleteOurs && s.NoMark:
		return s, fault.Newf(fault.Usage, "delete %q without marks: nothing says which blobs are ours", s.Delete).
			Hintf("leave --no-mark out, or delete %q", DeleteAll)
	case s.Block < 0 || s.Block > maxBlock:
		return s, fault.Newf(fault.Usage, "use blocks of %d bytes: want 1 to %d", s.Block, int64(maxBlock))
	case s.RestoreDays < 0 || s.Shards < 0 || s.ServerFrom < 0:
		return s, fault.Newf(fault.Usage, "use the settings: a number is less than 0")
	}
	if s.Block == 0 {
		s.Block = defaultBlock
	}
	if s.Shards == 0 {
		s.Shards = defaultShards
	}
	if s.ServerFrom == 0 {
		s.ServerFrom = defaultServerFrom
	}
	if s.RestoreDays > 0 && s.RestoreTier == "" {
		s.RestoreTier = "Standard"
	}
	return s, nil
}

// Ports are what a mover works with.
type Ports struct {
	Source object.Source
	Target object.Target
	// Journal keeps finished shards; nil keeps nothing, and a pass that is broken
	// off begins with its first listing again.
	Journal move.Journal
	// Folder is for segments of manifests and for sorting. It must exist, and stay
	// until Join.
	Folder string
	// Progress, where set, is called a few times a second by Copy, Verify, Plan
	// and Follow.
	Progress func(move.Progress)
	// Prices, for Limits.Cost and for plans.
	Prices tally.Prices
	// Now is the clock, nil for time.Now.
	Now func() time.Time
}
