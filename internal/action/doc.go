// Package action binds each kind of step to a port: what it looks at, does,
// proves and takes back. One file for each kind, and a Registry of them that
// wire fills. Run carries out one attempt the same way for all kinds: look
// first, then act, then prove; Probe only looks. A Test is an action without an
// effect. One that is Parted falls into parts, which several workers carry out.
// It knows nothing of the engine above it.
//
// An attempt may be cut off at any moment and made again, also while the first
// is still thought dead: what is there is found by looking. It says nothing that
// its Call takes for a secret, and what an action prints is kept as a
// fingerprint.
package action
