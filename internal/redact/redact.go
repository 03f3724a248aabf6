package redact

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// words are what a credential's name contains, lower case and without
// separators: "DB_PASSWORD", "secretKey" and "connection-string" all match.
func words() []string {
	return []string{
		"password", "passwd", "passphrase", "pwd",
		"secret", "token", "credential",
		"apikey", "accesskey", "accountkey", "privatekey", "sharedkey", "sessionkey", "masterkey",
		"connectionstring", "sassignature",
		"authorization", "cookie",
	}
}

// harmless are endings that say the value is about a credential and is not
// one: "secretArn", "tokenCount", "passwordVersion".
func harmless() []string {
	return []string{
		"arn", "name", "names", "version", "versions", "count", "length", "ref", "reference",
		"uri", "fingerprint", "sha256", "age", "rotated", "rotation", "days", "seconds", "expires", "policy", "kind", "type",
		"secretid", "credentialid", "tokenid", "passwordid",
	}
}

// Name reports whether a key of this name normally holds a credential. Case
// and the separators "-", "_", "." and space make no difference. The access
// key id of AWS counts: it is half of a pair, and CloudTrail's principal says
// who acted.
func Name(key string) bool {
	plain := strings.NewReplacer("-", "", "_", "", ".", "", " ", "").Replace(strings.ToLower(key))
	for _, end := range harmless() {
		if strings.HasSuffix(plain, end) {
			return false
		}
	}
	for _, word := range words() {
		if strings.Contains(plain, word) {
			return true
		}
	}
	return false
}

// The shapes of references. Azure Key Vault's host names end in
// vault.azure.net (public cloud), vault.usgovcloudapi.net or vault.azure.cn;
// CloudFormation's dynamic references are {{resolve:service:key}}.
var references = regexp.MustCompile(`^(?:` + strings.Join([]string{
	`arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:[0-9]*:\S+`,
	`https://[a-z0-9-]+\.vault\.(?:azure\.net|usgovcloudapi\.net|azure\.cn)/(?:secrets|keys|certificates)/[A-Za-z0-9-]+(?:/[0-9a-f]+)?`,
	`/subscriptions/[0-9a-fA-F-]+/\S+`,
	`\{\{resolve:(?:secretsmanager|ssm|ssm-secure):[^{}\s]+\}\}`,
	`env:[A-Za-z_][A-Za-z0-9_]*`,
	`ref:[A-Za-z0-9._/-]+`,
	`sha256:[0-9a-f]{64}`,
}, "|") + `)$`)

// Reference reports whether the text names a secret and does not contain one:
// an ARN, an ARM resource id, a Key Vault address, a CloudFormation dynamic
// reference, "env:NAME", "ref:PATH" or a fingerprint.
func Reference(text string) bool { return references.MatchString(text) }

// The shapes of secrets: a PEM private key, a password in a URL, the keys of
// an Azure storage or bus connection string, the signature of a SAS address
// or of a presigned S3 address, the address of a chat channel to which whoever
// knows it can write, a JSON Web Token.
var shapes = regexp.MustCompile(`(?i:` + strings.Join([]string{
	`-----BEGIN [A-Z0-9 ]*PRIVATE KEY`,
	`[a-z][a-z0-9+.-]*://[^/\s:@]*:[^/\s@]+@`,
	`\b(?:Account|SharedAccess)Key=[A-Za-z0-9+/=]{8}`,
	`[?&]sig=[A-Za-z0-9%+/=]{16}`,
	`[?&]X-Amz-Signature=[0-9a-f]{16}`,
	`https://(?:hooks\.slack\.com/(?:services|workflows|triggers)|discord(?:app)?\.com/api/webhooks|[a-z0-9.-]+\.webhook\.office\.com/webhookb2)/[A-Za-z0-9]`,
}, "|") + `)|\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.`)

// Value reports whether the text itself has the shape of a secret.
func Value(text string) bool { return shapes.MatchString(text) }

// Find looks through a decoded JSON value and returns the path of the first
// secret in it ("db.users[2].password"; "" is the value itself). The order is
// that of the members' names, so that the same value gives the same path.
//
// Under a name that Name matches every text and every number must be a
// Reference; true, false, null and empty text cannot hold a secret. Members of
// an object under such a name follow the same rule, except plain values whose
// own name says that they are about the secret ("arn", "version").
func Find(value any) (path string, found bool) { return find(value, "", false) }

func find(value any, path string, guarded bool) (string, bool) {
	switch v := value.(type) {
	case map[string]any:
		return findObject(v, path, guarded)
	case []any:
		for i, member := range v {
			if at, found := find(member, path+"["+strconv.Itoa(i)+"]", guarded); found {
				return at, true
			}
		}
		return "", false
	case string:
		return path, v != "" && (guarded && !Reference(v) || Value(v))
	case bool, nil:
		return "", false
	default: // a number, in whichever form it was decoded
		return path, guarded
	}
}

func findObject(object map[string]any, path string, guarded bool) (string, bool) {
	for _, key := range slices.Sorted(maps.Keys(object)) {
		at := key
		if path != "" {
			at = path + "." + key
		}
		under := Name(key) || guarded && !about(key, object[key])
		if found, yes := find(object[key], at, under); yes {
			return found, true
		}
	}
	return "", false
}

// about reports whether a member of a guarded object describes the secret. A
// nested object never does: it could hold anything.
func about(key string, value any) bool {
	switch value.(type) {
	case map[string]any, []any:
		return false
	}
	plain := strings.ToLower(key)
	return slices.Contains([]string{"id", "region", "provider"}, plain) || slices.Contains(harmless(), plain)
}
