package view

import "testing"

// What words of people are worth is said in counts, and what is wrong by entry.
func TestLedgerProofsText(t *testing.T) {
	t.Parallel()
	whole := LedgerVerdict{File: "ledger.db", Entries: 9, Head: "h", Intact: true}
	lacks(t, written(t, whole), "words of people")
	whole.Proofs = &LedgerProofs{}
	lacks(t, written(t, whole), "words of people")
	whole.Proofs = &LedgerProofs{Proved: 3, Signers: []SignersUsed{{SHA256: "sha256:a", From: "approvers", Entries: 2}, {SHA256: "sha256:b", From: ".landfall/signers/b", Kept: true, Entries: 1}}}
	text := written(t, whole)
	has(t, text, "ok  ", "3 proved by a signature, 0 reported of a token, 0 stated only, 0 wrong", "2 signatures with the signers approvers (sha256:a)", "1 signature with the signers .landfall/signers/b (sha256:b, a copy of this workspace")
	lacks(t, text, "not checked")
	whole.Proofs.Unchecked, whole.Proofs.FirstUnchecked, whole.Proofs.MissingSigners = 1, 5, "sha256:c"
	has(t, written(t, whole), "1 signature not checked, the first in entry 5: the signers sha256:c are not here", "landfall ledger verify --signers FILE")
	whole.Proofs.Wrong = []WrongProof{{Seq: 7, Kind: "approval.given", Actor: "eve", Why: "the signature is that of \"ann\""}}
	has(t, written(t, whole), "1 wrong", `entry 7 (approval.given of eve): the signature is that of "ann"`)
	broken := LedgerVerdict{File: "ledger.db", FirstBad: 2, Problem: "changed", Proofs: &LedgerProofs{Proved: 1}}
	lacks(t, written(t, broken), "words of people")
}

// A run that stands still says so at the head of its status.
func TestStandingStillIsSaidFirst(t *testing.T) {
	t.Parallel()
	s := RunStatus{Run: "shop-1", Still: []string{"the ledger cannot be written since noon"}}
	has(t, written(t, s), "the ledger cannot be written since noon")
	s.Still = nil
	lacks(t, written(t, s), "ledger")
}
