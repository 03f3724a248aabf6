package runbook

import (
	"encoding/json"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/store/canon"
)

// Fingerprint returns "sha256:" and the hash of the runbook's canonical JSON:
// what people approve and what a run is bound to. It is the one that the stored
// file has.
func (r *Runbook) Fingerprint() (string, error) {
	document, err := json.Marshal(r)
	if err != nil {
		return "", fault.Of(fault.Internal, "encode runbook", r.Workload, err)
	}
	return canon.Fingerprint(document)
}
