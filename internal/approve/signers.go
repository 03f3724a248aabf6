package approve

import (
	"crypto/rsa"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"example.com/landfall/internal/fault"
)

// Bounds of a signers file.
const (
	maxSignersBytes = 1 << 20
	maxSigners      = 10_000
	minRSABits      = 2048
)

// signer is a line of the file: a key of a person, and when it counts.
type signer struct {
	line      int
	principal string
	key       ssh.PublicKey
	// namespaces is a list of patterns; "" stands for all.
	namespaces    string
	after, before time.Time
}

// signers is the content of a signers file.
type signers struct{ all []signer }

// parseSigners reads the form that ssh-keygen calls allowed signers (manual of
// ssh-keygen, "ALLOWED SIGNERS"). It is stricter: a line names exactly one
// person, a key belongs to one person, and times are in UTC, because who
// approved must not depend on how, where and by whom the file is read.
func parseSigners(content []byte) (*signers, error) {
	if len(content) > maxSignersBytes {
		return nil, fault.Newf(fault.Invalid, "read the signers: the file is larger than %d bytes", maxSignersBytes)
	}
	var out signers
	people, keys := map[string]signer{}, map[string]signer{}
	number := 0
	for line := range strings.Lines(string(content)) {
		number++
		line = strings.Trim(line, " \t\r\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		s, err := parseSigner(line)
		if err != nil {
			return nil, fault.Newf(fault.Invalid, "read the signers: line %d: %v", number, err).Hintf("man ssh-keygen, section ALLOWED SIGNERS")
		}
		s.line = number
		if before, ok := people[strings.ToLower(s.principal)]; ok && before.principal != s.principal {
			return nil, fault.Newf(fault.Invalid, "read the signers: line %d: %q differs from %q of line %d in capitals only", number, s.principal, before.principal, before.line)
		}
		if before, ok := keys[string(s.key.Marshal())]; ok && before.principal != s.principal {
			return nil, fault.Newf(fault.Invalid, "read the signers: line %d: the key of %q is that of %q in line %d: one key would be two persons", number, s.principal, before.principal, before.line)
		}
		people[strings.ToLower(s.principal)], keys[string(s.key.Marshal())] = s, s
		if out.all = append(out.all, s); len(out.all) > maxSigners {
			return nil, fault.Newf(fault.Invalid, "read the signers: there are more than %d", maxSigners)
		}
	}
	return &out, nil
}

func parseSigner(line string) (signer, error) {
	principal, rest, err := field(line)
	if err != nil {
		return signer{}, err
	}
	s := signer{principal: strings.ReplaceAll(principal, `"`, "")}
	if s.principal == "" || strings.ContainsAny(s.principal, " \t,*?!\\") {
		return signer{}, fault.Newf(fault.Unsupported, "%q is not the name of one person; write a line for each", s.principal)
	}
	second, rest, err := field(rest)
	if err != nil {
		return signer{}, err
	}
	if !keyTypes(second) {
		if err := s.options(second); err != nil {
			return signer{}, err
		}
		if second, rest, err = field(rest); err != nil {
			return signer{}, err
		}
	}
	encoded, _, err := field(rest) // what follows is a comment
	if err != nil {
		return signer{}, err
	}
	return s, s.readKey(second, encoded)
}

// keyTypes reports whether the word is a kind of key, and not an option.
func keyTypes(word string) bool {
	return strings.HasPrefix(word, "ssh-") || strings.HasPrefix(word, "ecdsa-sha2-") || strings.HasPrefix(word, "sk-") || strings.HasPrefix(word, "rsa-sha2-")
}

func (s *signer) readKey(kind, encoded string) error {
	raw, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil || encoded == "" {
		return fault.Newf(fault.Invalid, "after %q no key follows", kind)
	}
	key, err := ssh.ParsePublicKey(raw)
	if err != nil {
		return fault.Newf(fault.Invalid, "the key cannot be read: %v", err)
	}
	if key.Type() != kind {
		return fault.Newf(fault.Invalid, "the key is of the kind %q, not %q", key.Type(), kind)
	}
	s.key = key
	return usable(key)
}

// usable refuses keys with which nobody should approve. DSA is off in OpenSSH
// since 7.0; certificates need an authority, see options.
func usable(key ssh.PublicKey) error {
	if _, ok := key.(*ssh.Certificate); ok {
		return fault.Newf(fault.Unsupported, "certificates are not supported: name the key itself")
	}
	if !slices.Contains([]string{ssh.KeyAlgoED25519, ssh.KeyAlgoRSA, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521, ssh.KeyAlgoSKED25519, ssh.KeyAlgoSKECDSA256}, key.Type()) {
		return fault.Newf(fault.Unsupported, "keys of the kind %q are not supported: make one of the kind ed25519", key.Type())
	}
	if c, ok := key.(ssh.CryptoPublicKey); ok {
		if r, ok := c.CryptoPublicKey().(*rsa.PublicKey); ok && r.N.BitLen() < minRSABits {
			return fault.Newf(fault.Unsupported, "an RSA key of %d bits is too short: %d at least", r.N.BitLen(), minRSABits)
		}
	}
	return nil
}

// options reads the options of a line; a word that is not known refuses the
// line, as it may be a restriction.
func (s *signer) options(text string) error {
	seen := map[string]bool{}
	for _, option := range quotedSplit(text) {
		name, value, _ := strings.Cut(option, "=")
		name = strings.ToLower(name) // keywords are case-insensitive
		if seen[name] {
			return fault.Newf(fault.Invalid, "the option %q stands there twice", name)
		}
		seen[name] = true
		value, quoted := unquote(value)
		if !quoted && name != "cert-authority" {
			return fault.Newf(fault.Invalid, "%q is neither a kind of key nor an option with a value in quotes", cut(option, 40))
		}
		var err error
		switch name {
		case "namespaces":
			if s.namespaces = value; value == "" {
				err = fault.Newf(fault.Invalid, "the option namespaces is empty")
			}
		case "valid-after":
			s.after, err = timestamp(value)
		case "valid-before":
			s.before, err = timestamp(value)
		case "cert-authority":
			err = fault.Newf(fault.Unsupported, "the option cert-authority is not supported: name each person's key")
		default:
			err = fault.Newf(fault.Unsupported, "the option %q is not known", cut(name, 40))
		}
		if err != nil {
			return err
		}
	}
	if !s.after.IsZero() && !s.before.IsZero() && !s.before.After(s.after) {
		return fault.Newf(fault.Invalid, "valid-before is not later than valid-after")
	}
	return nil
}

// timestamp reads YYYYMMDDZ and YYYYMMDDHHMM[SS]Z. OpenSSH also takes times
// without Z, which mean another moment on a machine in another time zone.
func timestamp(text string) (time.Time, error) {
	digits, utc := strings.CutSuffix(strings.ToUpper(text), "Z")
	if !utc {
		return time.Time{}, fault.Newf(fault.Unsupported, "the time %q depends on the machine's time zone: end it with Z", cut(text, 20))
	}
	for _, layout := range []string{"20060102", "200601021504", "20060102150405"} {
		if len(layout) != len(digits) {
			continue
		}
		if at, err := time.Parse(layout, digits); err == nil {
			return at, nil
		}
	}
	return time.Time{}, fault.Newf(fault.Invalid, "%q is no time of the form YYYYMMDDHHMMSSZ", cut(text, 20))
}

// field cuts the first word off; within double quotes blanks belong to it.
func field(line string) (first, rest string, err error) {
	line = strings.TrimLeft(line, " \t")
	inside := false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '\\' && inside && i+1 < len(line) && line[i+1] == '"':
			i++
		case c == '"':
			inside = !inside
		case (c == ' ' || c == '\t') && !inside:
			return line[:i], line[i:], nil
		}
	}
	if inside {
		return "", "", fault.Newf(fault.Invalid, "a quote is not closed")
	}
	if line == "" {
		return "", "", fault.Newf(fault.Invalid, "the line wants: person [options] kind key")
	}
	return line, "", nil
}

// quotedSplit splits at the commas outside of quotes.
func quotedSplit(text string) []string {
	var out []string
	start, inside := 0, false
	for i := range len(text) {
		switch {
		case text[i] == '"' && (i == 0 || text[i-1] != '\\'):
			inside = !inside
		case text[i] == ',' && !inside:
			out, start = append(out, text[start:i]), i+1
		}
	}
	return append(out, text[start:])
}

func unquote(text string) (string, bool) {
	if len(text) < 2 || text[0] != '"' || text[len(text)-1] != '"' {
		return text, false
	}
	return strings.ReplaceAll(text[1:len(text)-1], `\"`, `"`), true
}

// find returns whose key it is at a moment, for statements of Landfall. One
// line that allows it is enough; otherwise it says why the key does not count.
func (s *signers) find(key ssh.PublicKey, at time.Time) (string, error) {
	print := ssh.FingerprintSHA256(key)
	err := fault.Newf(fault.Denied, "the key %s is not among the signers", print)
	for _, one := range s.all {
		if string(one.key.Marshal()) != string(key.Marshal()) {
			continue
		}
		switch {
		case one.namespaces != "" && !matchList(one.namespaces, Namespace):
			err = fault.Newf(fault.Denied, "the key %s of %q is not for the namespace %q", print, one.principal, Namespace)
		case !one.after.IsZero() && at.Before(one.after):
			err = fault.Newf(fault.Denied, "the key %s of %q counts from %s on", print, one.principal, one.after.Format(time.RFC3339))
		case !one.before.IsZero() && at.After(one.before):
			err = fault.Newf(fault.Denied, "the key %s of %q counted until %s", print, one.principal, one.before.Format(time.RFC3339))
		default:
			return one.principal, nil
		}
	}
	return "", err
}

// matchList matches a word against a list of patterns as in ssh_config: "*"
// and "?" are wildcards, and a pattern after "!" that matches says no.
func matchList(list, word string) bool {
	found := false
	for pattern := range strings.SplitSeq(list, ",") {
		not := strings.HasPrefix(pattern, "!")
		if !match(strings.TrimPrefix(pattern, "!"), word) {
			continue
		}
		if not {
			return false
		}
		found = true
	}
	return found
}

// match goes back to the last "*" only, so that no pattern takes long.
func match(pattern, word string) bool {
	p, w, star, mark := 0, 0, -1, 0
	for w < len(word) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, w
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == word[w]):
			p, w = p+1, w+1
		case star >= 0:
			mark++
			p, w = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// cut shortens what comes from elsewhere to what one line can hold.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "..."
}
