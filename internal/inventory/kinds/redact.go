package kinds

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"example.com/landfall/internal/catalog/cfn"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/redact"
)

// Redacted stands where a secret stood.
const Redacted = "(redacted)"

// Redact returns a tree without secrets: values under names that hold
// credentials, values of name-value pairs whose name does, passwords inside
// addresses and connection strings, settings inside scripts and command
// lines. Names stay, and so do references to secrets (ARNs, dynamic
// references of CloudFormation). The tree that is given is not changed.
//
// It is a guard, as package redact is, whose lists of names and shapes it
// uses: a secret under an innocent name with an innocent shape passes.
func Redact(tree map[string]any) map[string]any {
	if tree == nil {
		return nil
	}
	out, _ := scrub(nil, tree, false, 0).(map[string]any)
	return out
}

// clean takes the secrets out of a reading.
func (c *Converter) clean(r *Reading) {
	schema, ok := c.schemas.Kind(r.Kind)
	var root *cfn.Type
	if ok {
		root = schema.Root
	}
	sealed(r)
	r.Properties, _ = scrub(root, r.Properties, false, 0).(map[string]any)
	r.Attributes, _ = scrub(nil, r.Attributes, false, 0).(map[string]any)
	for key, value := range r.Tags {
		if s, ok := scrub(nil, value, guards(key) || loose(key), 0).(string); ok {
			r.Tags[key] = s
		}
	}
}

// sealed takes out the values that are secret by what the resource is: the
// value of a SecureString parameter (SSM API reference, Parameter), of a
// secret, of an API's key and of an access key.
func sealed(r *Reading) {
	switch r.Kind {
	case "AWS::SSM::Parameter":
		if strings.EqualFold(LookupText(r.Properties, "Type"), "SecureString") || guards(LookupText(r.Properties, "Name")) {
			hide(r, "Value")
		}
	case "AWS::SecretsManager::Secret":
		hide(r, "SecretString", "SecretBinary")
	case "AWS::ApiGateway::ApiKey":
		hide(r, "Value")
	case "AWS::IAM::AccessKey":
		hide(r, "SecretAccessKey", "Secret", "SesSmtpPasswordV4", "EncryptedSecret")
	}
}

func hide(r *Reading, names ...string) {
	for _, tree := range []map[string]any{r.Properties, r.Attributes} {
		for _, name := range names {
			if s, ok := tree[name].(string); ok && !points(s) {
				tree[name] = Redacted
			}
		}
	}
}

// scrub goes through a tree. t is the type of the value, nil if it has none;
// guarded says that the name above holds a credential.
func scrub(t *cfn.Type, v any, guarded bool, depth int) any {
	if depth > maxDepth {
		return nil
	}
	switch v := v.(type) {
	case map[string]any:
		return scrubObject(t, v, guarded, depth)
	case inventory.Properties:
		return scrubObject(t, v, guarded, depth)
	case []any:
		return scrubList(t, v, guarded, depth)
	case string:
		return scrubValue(t, v, guarded)
	case float64:
		if guarded && t == nil {
			return Redacted
		}
	}
	return v
}

// secretPair reports whether an object is a name with a value, and the name
// that of a secret. Besides the pairs that are told everywhere, any text under
// "...Name" or "...Key" beside a "...Value" counts here (Elastic Beanstalk's
// OptionName).
func secretPair(m map[string]any) bool {
	if name, _, ok := pair(m); ok {
		return guards(name) || loose(name)
	}
	named, valued := false, false
	for key, v := range m {
		folded := cfn.Fold(key)
		name, isText := v.(string)
		switch {
		case strings.HasSuffix(folded, "value"):
			valued = true
		case isText && (strings.HasSuffix(folded, "name") || strings.HasSuffix(folded, "key")):
			named = named || guards(name) || loose(name)
		}
	}
	return named && valued
}

// secretMatch returns the name of the member that holds what a header has to
// be, when that is a shared secret: a header that a CDN adds for its origin
// (CloudFront, OriginCustomHeader), and conditions of listeners and of web ACLs
// on headers that are named like a key. "" is none.
func secretMatch(m map[string]any) string {
	header := func(name any) bool {
		text, ok := name.(string)
		return ok && (guards(text) || loose(text) || strings.Contains(cfn.Fold(text), "verify") || strings.HasSuffix(cfn.Fold(text), "auth"))
	}
	if _, both := m["HeaderValue"].(string); both && m["HeaderName"] != nil {
		return "HeaderValue"
	}
	if header(m["HttpHeaderName"]) && m["Values"] != nil {
		return "Values"
	}
	field, _ := m["FieldToMatch"].(map[string]any)
	single, _ := field["SingleHeader"].(map[string]any)
	if name, _ := single["Name"].(string); header(name) {
		for _, member := range []string{"SearchString", "SearchStringBase64"} {
			if m[member] != nil {
				return member
			}
		}
	}
	return ""
}

// hidden is what stands in the place of a secret, or of a list of them.
func hidden(v any) any {
	switch v := v.(type) {
	case string:
		if v != "" && !points(v) {
			return Redacted
		}
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = hidden(v[i])
		}
		return out
	}
	return v
}

// policy reports whether an object is a policy document of IAM: a list of
// statements that allow or deny. Such a document names secrets, tokens and
// passwords in actions and condition keys and never holds one.
func policy(m map[string]any) bool {
	statements, ok := m["Statement"].([]any)
	if one, alone := m["Statement"].(map[string]any); alone {
		statements, ok = []any{one}, true
	}
	for _, s := range statements {
		statement, isObject := s.(map[string]any)
		if effect, _ := statement["Effect"].(string); !isObject || effect != "Allow" && effect != "Deny" {
			return false
		}
	}
	return ok && len(statements) > 0
}

func scrubObject(t *cfn.Type, m map[string]any, guarded bool, depth int) any {
	if policy(m) {
		return m
	}
	out := make(map[string]any, len(m))
	isSecret, matched := secretPair(m), secretMatch(m)
	for name, member := range m {
		if matched != "" && name == matched {
			out[name] = hidden(member)
			continue
		}
		var below *cfn.Type
		under := guarded && t == nil
		switch field, known := t.Field(name); {
		case known:
			below = field.Type
			under = under || guards(name)
		case t != nil && t.Form == cfn.Map:
			under = under || guards(name) || loose(name)
			if t.Item.Form != cfn.Text {
				below = t.Item
			}
		default:
			under = under || secretName(name)
		}
		if isSecret && strings.HasSuffix(cfn.Fold(name), "value") {
			under, below = true, nil
		}
		if strings.EqualFold(name, "UserData") || strings.EqualFold(name, "UserDataBase64") {
			out[name] = scrubUserData(member, depth)
			continue
		}
		out[name] = scrub(below, member, under, depth+1)
	}
	return out
}

func scrubList(t *cfn.Type, list []any, guarded bool, depth int) any {
	var item *cfn.Type
	if t != nil {
		item = t.Item
	}
	out := make([]any, len(list))
	flag := false
	for i, member := range list {
		out[i] = scrub(item, member, guarded || flag, depth+1)
		// A command line as a list: "--password", "x".
		s, _ := member.(string)
		flag = strings.HasPrefix(s, "-") && !strings.ContainsAny(s, "= ") && secretName(strings.TrimLeft(s, "-"))
	}
	return out
}

// scrubValue takes the secrets out of one text.
func scrubValue(t *cfn.Type, text string, guarded bool) any {
	switch {
	case text == "" || text == Redacted || points(text):
		return text
	case !guarded:
		return scrubText(text)
	case t != nil && (len(t.Refers) > 0 || len(t.Enum) > 0 || t.Form == cfn.Boolean || t.Form == cfn.Integer || t.Form == cfn.Number):
		return text
	case connection.MatchString(text):
		if plain := scrubText(text); plain != text {
			return plain
		}
	}
	return Redacted
}

// points reports whether a text names a secret instead of being one.
func points(text string) bool {
	if redact.Reference(text) || text == "true" || text == "false" {
		return true
	}
	// "${ref:...}" alone; inside of a longer text there may be more.
	refs := inventory.References(text)
	return len(refs) == 1 && refs[0].String() == text
}

// guards reports whether a value of this name is a credential.
func guards(name string) bool { return mentions(name) && redact.Name(name) && !identifies(name) }

// identifies reports whether a name is that of an identifier although a word
// in it is a credential's: KmsMasterKeyId, SecretTargetId, TokenKeyArn. The id
// of an access key is half of a credential.
func identifies(name string) bool {
	plain := cfn.Fold(name)
	if strings.Contains(plain, "accesskey") {
		return false
	}
	for _, end := range []string{"id", "ids", "arn", "arns", "keyalias", "validity", "units", "enabled", "endpoint", "host", "status", "url", "urls", "path"} {
		if strings.HasSuffix(plain, end) {
			return true
		}
	}
	return false
}

// loose reports whether a free name, such as that of an environment variable,
// may be one of a key: API_KEY, SigningKey. Schemas use Key for much else.
func loose(name string) bool {
	plain := cfn.Fold(name)
	for _, end := range []string{"key", "keys", "credentials", "creds", "auth", "dsn", "pass", "pwd", "salt", "pin"} {
		if strings.HasSuffix(plain, end) && plain != end {
			return plain != "kmskey" && plain != "partitionkey" && plain != "sortkey" && plain != "primarykey" && plain != "objectkey" && plain != "s3key" && plain != "publickey"
		}
	}
	return false
}

// secretName is guards for names that nobody has a list of.
func secretName(name string) bool { return guards(name) || loose(name) && !identifies(name) }

// connection finds what looks like an address with a user, or like settings
// joined by semicolons.
var connection = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9+.:-]*://|;`)

// The shapes of secrets inside of texts. Of each, the last group is the secret.
var (
	urlPassword   = regexp.MustCompile(`([a-zA-Z][a-zA-Z0-9+.-]*://[^/\s:@"']*:)([^/\s@"']+)@`)
	setting       = regexp.MustCompile(`(?i)([a-z0-9_.\-\[\]]*(?:password|passwd|passphrase|pwd|secret|token|credential|api[_-]?key|access[_-]?key|account[_-]?key|private[_-]?key|shared[_-]?key|session[_-]?key|master[_-]?key|signing[_-]?key|encryption[_-]?key|connection[_-]?string|[a-z0-9_-]key)[a-z0-9_.\-]*)(["']?\s*(?::=|[:=])\s*)("(?:[^"\\]|\\.)*"|'[^']*'|[^\s"';,&|)}]+)`)
	flagged       = regexp.MustCompile(`(?i)(--?[a-z0-9-]*(?:password|passwd|secret|token|[a-z0-9-]key)[a-z0-9-]*)(\s+)("[^"]*"|'[^']*'|[^\s"'-][^\s"']*)`)
	mysqlPassword = regexp.MustCompile(`(\b(?:mysql|mysqldump|mysqladmin|mariadb|sshpass)\b[^\n|;&]*?\s-p)([^\s-][^\s]*)`)
	bearer        = regexp.MustCompile(`(?i)\b((?:bearer|basic)\s+)([a-z0-9+/=._~-]{12,})`)
	pem           = regexp.MustCompile(`(?s)-----BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----|\z)`)
	tokens        = regexp.MustCompile(`\b(?:(?:AKIA|ASIA)[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,}|xox[abprs]-[A-Za-z0-9-]{10,}|sk_(?:live|test)_[A-Za-z0-9]{10,}|eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?)`)
	basicUser     = regexp.MustCompile(`(\bcurl\b[^\n|;&]*?\s(?:-u|--user)[\s=]+["']?[^\s:"']+:)([^\s"']+)`)
	bareSetting   = regexp.MustCompile(`(?i)((?:^|[\s;&("'])(?:[a-z0-9]+_)*(?:pw|pass)=)("(?:[^"\\]|\\.)*"|'[^']*'|[^\s"';,&|)}]+)`)
	hooks         = regexp.MustCompile(`(https://(?:hooks\.slack\.com/(?:services|workflows|triggers)|discord(?:app)?\.com/api/webhooks|[a-z0-9.-]+\.webhook\.office\.com/webhookb2|chat\.googleapis\.com/v1/spaces)/)([^\s"'<>]+)`)
	signature     = regexp.MustCompile(`([?&](?:sig|X-Amz-Signature|X-Amz-Security-Token)=)([A-Za-z0-9%+/=_-]{8,})`)
)

// scrubText takes the secrets out of a text that is not a secret as a whole.
func scrubText(text string) string {
	if len(text) < 6 {
		return text
	}
	if strings.Contains(text, "PRIVATE KEY") {
		text = pem.ReplaceAllString(text, Redacted)
	}
	if strings.Contains(text, "://") {
		text = replaced(hooks, replaced(urlPassword, text, "@"), "")
	}
	if strings.Contains(text, "curl") {
		text = replaced(basicUser, text, "")
	}
	if strings.Contains(text, "=") {
		text = replaced(bareSetting, text, "")
	}
	// Most texts are ids and names: the costly patterns are for those that hold
	// a word of theirs.
	if strings.ContainsAny(text, "=: \t\n") && mentions(text) {
		text = settings(text)
		text = replaced(flagged, text, "")
		text = replaced(bearer, text, "")
		text = replaced(signature, text, "")
	}
	if strings.Contains(text, " -p") {
		text = replaced(mysqlPassword, text, "")
	}
	for _, start := range []string{"AKIA", "ASIA", "gh", "xox", "sk_", "eyJ"} {
		if strings.Contains(text, start) {
			return tokens.ReplaceAllString(text, Redacted)
		}
	}
	return text
}

// mentions reports whether a text, or a name, has a word of the patterns in
// it. Package redact's words contain one of these each.
func mentions(text string) bool {
	plain := strings.ToLower(text)
	for _, word := range []string{"pass", "pwd", "secret", "token", "credential", "key", "connection", "bearer", "basic", "sig", "auth", "cookie"} {
		if strings.Contains(plain, word) {
			return true
		}
	}
	return false
}

// replaced puts Redacted in the place of a pattern's last group, unless a
// reference to a secret stands there. after is what the pattern eats behind it.
func replaced(pattern *regexp.Regexp, text, after string) string {
	return pattern.ReplaceAllStringFunc(text, func(found string) string {
		groups := pattern.FindStringSubmatch(found)
		secret := groups[len(groups)-1]
		if keep(secret) {
			return found
		}
		return strings.Join(groups[1:len(groups)-1], "") + Redacted + after
	})
}

// secretsService stands before the colon in the service's actions
// ("secretsmanager:GetSecretValue"), in its ARNs and in the dynamic references
// of CloudFormation. What follows it names a secret and is none.
const secretsService = "secretsmanager"

// settings takes out the values that are assigned to the names of credentials,
// in scripts, in properties files, in JSON and in connection strings.
func settings(text string) string {
	return setting.ReplaceAllStringFunc(text, func(found string) string {
		groups := setting.FindStringSubmatch(found)
		name, value := groups[1], strings.Trim(groups[3], `"'`)
		named := name == secretsService && groups[2] == ":" && !strings.Contains(value, "=")
		if named || !secretName(name) || keep(value) {
			return found
		}
		quote := ""
		if groups[3] != value {
			quote = groups[3][:1]
		}
		return name + groups[2] + quote + Redacted + quote
	})
}

// keep reports whether what stands in the place of a secret is none: nothing,
// a reference, a variable of a script, or what was taken out already.
func keep(value string) bool {
	return value == "" || strings.Contains(value, Redacted) || points(value) || strings.HasPrefix(value, "arn:aws") ||
		strings.HasPrefix(value, "$") && !strings.ContainsAny(value[1:], "$@!") || strings.HasPrefix(value, "{{resolve:")
}

// scrubUserData takes the secrets out of a script that instances run when they
// start. It comes as base64 of a text, possibly packed; what cannot be read
// is taken out whole.
func scrubUserData(v any, depth int) any {
	text, ok := v.(string)
	if !ok {
		return scrub(nil, v, false, depth+1)
	}
	decoded, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil || len(decoded) == 0 || points(text) {
		return scrubText(text)
	}
	if bytes.HasPrefix(decoded, []byte{0x1f, 0x8b}) {
		decoded = gunzip(decoded)
	}
	if len(decoded) == 0 || !utf8.Valid(decoded) {
		return Redacted
	}
	return base64.StdEncoding.EncodeToString([]byte(scrubText(string(decoded))))
}

// gunzip unpacks user data. EC2 takes 16 KB of it (EC2 User Guide); what
// unpacks to more than a megabyte is not read.
func gunzip(packed []byte) []byte {
	const most = 1 << 20
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil
	}
	text, err := io.ReadAll(io.LimitReader(r, most))
	if err != nil || len(text) == most {
		return nil
	}
	return text
}
