// Package approve finds out who is speaking, with proof: a person signs a
// statement with an SSH key, or shows an ID token of an OpenID Connect
// provider, or is the user of the machine.
//
// A statement says what is approved, with the fingerprint of the runbook. Its
// signature has the form of OpenSSH (PROTOCOL.sshsig), so that an auditor can
// check it with ssh-keygen and the list of signers alone; Verify does the same.
// A token cannot be checked again later and is not kept: what it said is, with
// its hash.
//
// What it is not: it does not decide who may approve what, or how many have to
// (the engine and app do), and it keeps nothing.
//
// Called by wire (New) and by whoever checks a ledger (Verify). Invariant: an
// identity that counts was verified here, also when the signature was made here.
package approve
