package kpi

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"example.com/landfall/internal/fault"
)

// Freeze returns the baseline with its fingerprint. A frozen baseline is what
// the target is judged by, so it is refused when it is empty (kind Refused) or
// was changed since it was frozen (kind Conflict).
func Freeze(b Baseline) (Baseline, error) {
	if b.Frozen != "" {
		return b, Intact(b)
	}
	known := 0
	for i := range b.KPIs {
		if len(b.KPIs[i].Values) > 0 {
			known++
		}
	}
	if known == 0 {
		return b, fault.Newf(fault.Refused, "freeze the baseline: it has no KPI with a value").Hintf("landfall assess")
	}
	print, err := fingerprint(b)
	if err != nil {
		return b, err
	}
	b.Frozen = print
	return b, nil
}

// Intact checks that a frozen baseline is as it was when it was frozen. Kinds
// of error: Refused when it is not frozen, Conflict when it was changed.
func Intact(b Baseline) error {
	if b.Frozen == "" {
		return fault.Newf(fault.Refused, "check the baseline: it is not frozen").Hintf("landfall assess")
	}
	print, err := fingerprint(b)
	if err != nil {
		return err
	}
	if print != b.Frozen {
		return fault.Newf(fault.Conflict, "check the baseline: it was changed after it was frozen as %s", b.Frozen).Hintf("git log baseline.json")
	}
	return nil
}

func fingerprint(b Baseline) (string, error) {
	b.Frozen = ""
	raw, err := json.Marshal(b)
	if err != nil {
		return "", fault.Of(fault.Internal, "encode the baseline", "", err)
	}
	sum := sha256.Sum256(raw)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}
