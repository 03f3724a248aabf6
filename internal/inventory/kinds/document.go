package kinds

import (
	"encoding/json"
	"net/url"
	"strings"
)

// document decodes a policy or another JSON document that an API hands out as
// text. IAM escapes its documents as in a URL (RFC 3986), as its API
// reference says.
func document(text string) (any, bool) {
	plain := strings.TrimSpace(text)
	if strings.HasPrefix(plain, "%7B") || strings.HasPrefix(plain, "%7b") {
		unescaped, err := url.PathUnescape(plain)
		if err != nil {
			return nil, false
		}
		plain = unescaped
	}
	if !strings.HasPrefix(plain, "{") && !strings.HasPrefix(plain, "[") {
		return nil, false
	}
	var value any
	if json.Unmarshal([]byte(plain), &value) != nil {
		return nil, false
	}
	return value, true
}

// statements are the statements of a policy document: a list, or a single one
// without a list around it.
func statements(policy map[string]any) []map[string]any {
	switch v := member(policy, "Statement").(type) {
	case map[string]any:
		return []map[string]any{v}
	case []any:
		return objectsAt(policy, "Statement")
	}
	return nil
}
