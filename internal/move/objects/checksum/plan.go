package checksum

import "example.com/landfall/internal/move/objects/object"

// Plan is what to do on the way so that a copy is proved without a second read.
type Plan struct {
	// ContentMD5 goes along with the one request that writes the blob: Azure
	// then checks its body against the hash that S3 holds. nil for none; the
	// request carries the CRC64 of its body instead, for both cannot go together.
	ContentMD5 []byte
	// Whole are hashes to compute over the content, to be compared with what S3
	// holds. CRC64 is never among them: those of the blocks make it up.
	Whole object.Sum
	// Parted are hashes to compute part by part, MD5 for the ETag. The sizes of
	// the parts must be known: ask for the attributes of the object, or for its
	// first part.
	Parted object.Sum
	// Proves says whether this proves equality. Otherwise nothing that S3 holds
	// can be compared, and only reading both sides can.
	Proves bool
}

// PlanOf chooses the cheapest of what proves a copy, in this order: S3's
// CRC64NVME of the full object; an MD5 that Azure checks itself, when the blob
// is written in one request; another hash of the full object; composite ones,
// the ETag of a multipart upload among them. MD5 comes last where it must be
// computed, because it costs as much as all else together.
func PlanOf(source Side, oneRequest bool) Plan {
	known := source.Sums.Known
	switch {
	case source.Size == 0, known.Has(object.CRC64):
		return Plan{Proves: true}
	case known.Has(object.MD5) && oneRequest:
		return Plan{ContentMD5: source.Sums.MD5[:], Proves: true}
	}
	for _, kind := range []object.Sum{object.CRC32C, object.CRC32, object.SHA1, object.SHA256} {
		switch {
		case !known.Has(kind):
		case source.Sums.Composite:
			return Plan{Parted: kind, Proves: true}
		default:
			return Plan{Whole: kind, Proves: true}
		}
	}
	switch {
	case known.Has(object.MD5):
		return Plan{Whole: object.MD5, Proves: true}
	case source.HasETag:
		return Plan{Parted: object.MD5, Proves: true}
	}
	return Plan{}
}
