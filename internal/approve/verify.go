package approve

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"

	"example.com/landfall/internal/fault"
)

// Names of what a proof holds.
const (
	proofStatement = "statement"
	proofSignature = "signature"
	proofKey       = "keyFingerprint"
	proofPrincipal = "principal"
	proofNamespace = "namespace"
	proofSigners   = "signers"
	proofIssuer    = "iss"
	proofSubject   = "sub"
	proofAudience  = "aud"
	proofIssued    = "iat"
	proofExpires   = "exp"
	proofMail      = "email"
	proofToken     = "tokenSha256"
)

// Worth is what a proof is worth to somebody who was not there.
type Worth string

// What a proof can be worth.
const (
	// Signed: the signature was checked; who holds the key said it.
	Signed Worth = "signed"
	// Reported: Landfall checked a token at that time and reports what it said.
	// The provider's own log of sign-ins can confirm it.
	Reported Worth = "reported"
	// Unproved: the name of a user of some machine.
	Unproved Worth = "unproved"
)

// Claim is what an entry of the ledger says about an approval.
type Claim struct {
	// By and How are those of the identity.
	By, How string
	// Statement is what the entry makes the person say, built from the entry
	// itself: the one in the proof is the claimant's.
	Statement string
	// At is when the entry was written.
	At time.Time
	// Proof as it stands in the entry, nil for none.
	Proof map[string]string
}

// Verify checks a claim offline, with the content of the signers file alone,
// and says what it is worth. A claim that does not hold is Found; signers may
// be nil for claims without a signature.
func Verify(c Claim, signersFile []byte) (Worth, error) {
	switch {
	case c.Proof == nil && c.How == howLocal:
		return Unproved, nil
	case c.Statement == "":
		return "", fault.Newf(fault.Internal, "check the word of %q: it was not said what was approved", c.By)
	case c.Proof[proofStatement] != c.Statement:
		return "", fault.Newf(fault.Found, "check the word of %q: the proof is for %q, not for %q", c.By, cut(c.Proof[proofStatement], 200), cut(c.Statement, 200))
	case strings.HasPrefix(c.How, howSSH("")):
		return verifySSH(c, signersFile)
	case strings.HasPrefix(c.How, howOIDC("")):
		return verifyToken(c)
	}
	return "", fault.Newf(fault.Found, "check the word of %q: %q is no way of proving it", c.By, cut(c.How, 80))
}

func verifySSH(c Claim, signersFile []byte) (Worth, error) {
	known, err := parseSigners(signersFile)
	if err != nil {
		return "", err
	}
	principal, err := checkSignature(known, c.Statement, c.Proof[proofSignature], c.At)
	if err != nil {
		return "", fault.Newf(fault.Found, "check the word of %q: %v", c.By, err)
	}
	if principal != c.By || c.Proof[proofPrincipal] != c.By {
		return "", fault.Newf(fault.Found, "check the word of %q: the signature is that of %q", c.By, principal)
	}
	if print := c.Proof[proofKey]; c.How != howSSH(print) || c.Proof[proofNamespace] != Namespace {
		return "", fault.Newf(fault.Found, "check the word of %q: the proof names another key or namespace than the signature", c.By)
	}
	return Signed, nil
}

// checkSignature returns who signed the statement.
func checkSignature(known *signers, statement, armoured string, at time.Time) (string, error) {
	// PEM takes anything around the block and in its headers; what a signature
	// is accepted with is all of it.
	if !strings.HasPrefix(armoured, "-----BEGIN SSH SIGNATURE-----") || strings.Count(armoured, "-----BEGIN") != 1 {
		return "", fault.Newf(fault.Denied, "there is no SSH signature")
	}
	signature, err := sshsig.Unarmor([]byte(armoured))
	if err != nil {
		return "", fault.Newf(fault.Denied, "the signature cannot be read: %v", plain(err))
	}
	if signature.Namespace != Namespace {
		return "", fault.Newf(fault.Denied, "the signature is for the namespace %q, not %q", cut(signature.Namespace, 80), Namespace)
	}
	if err := usable(signature.PublicKey); err != nil {
		return "", fault.Of(fault.Denied, "", "", err)
	}
	principal, err := known.find(signature.PublicKey, at)
	if err != nil {
		return "", err
	}
	if err := sshsig.Verify(strings.NewReader(statement), signature, signature.PublicKey, signature.HashAlgorithm, Namespace); err != nil {
		return "", fault.Newf(fault.Denied, "the signature of the key %s is not one of %q", ssh.FingerprintSHA256(signature.PublicKey), cut(statement, 200))
	}
	return principal, nil
}

// verifyToken checks that what the entry keeps of a token fits together.
func verifyToken(c Claim) (Worth, error) {
	p := c.Proof
	wrong := func(what string) (Worth, error) {
		return "", fault.Newf(fault.Found, "check the word of %q: %s", c.By, what)
	}
	for _, name := range []string{proofIssuer, proofSubject, proofAudience, proofToken} {
		if p[name] == "" {
			return wrong("the proof lacks " + name + " (it has " + strings.Join(slices.Sorted(maps.Keys(p)), ", ") + ")")
		}
	}
	issued, err := time.Parse(time.RFC3339, p[proofIssued])
	if err != nil {
		return wrong("the time of issue cannot be read")
	}
	expires, err := time.Parse(time.RFC3339, p[proofExpires])
	if err != nil {
		return wrong("the time of expiry cannot be read")
	}
	switch {
	case c.How != howOIDC(p[proofIssuer]):
		return wrong("the token was of another issuer: " + cut(p[proofIssuer], 200))
	case c.By == "" || c.By != p[proofSubject] && c.By != p[proofMail]:
		return wrong("the token was of another person")
	case c.At.Before(issued.Add(-clockSkew)) || c.At.After(expires.Add(clockSkew)):
		return wrong("the token was good from " + p[proofIssued] + " to " + p[proofExpires])
	}
	return Reported, nil
}
