package aws

import (
	"strconv"
	"strings"

	"example.com/landfall/internal/inventory"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// text follows a path of names through a resource's properties to a string.
func text(p inventory.Properties, path ...string) string {
	s, _ := value(map[string]any(p), path).(string)
	return s
}

// yes follows a path to a truth, which templates write as text as well.
func yes(p inventory.Properties, path ...string) bool {
	switch v := value(map[string]any(p), path).(type) {
	case bool:
		return v
	case string:
		return strings.EqualFold(v, "true")
	}
	return false
}

func value(v any, path []string) any {
	for _, name := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[name]
	}
	return v
}

// bucketOf takes the bucket and prefix out of "arn:aws:s3:::bucket/prefix/".
func bucketOf(arn string) (name, prefix string) {
	i := strings.Index(arn, ":::")
	if i < 0 {
		return "", ""
	}
	name, prefix, _ = strings.Cut(arn[i+3:], "/")
	return name, prefix
}

// under puts a slash between a prefix and what follows, where there is none.
func under(prefix, rest string) string {
	if prefix == "" || strings.HasSuffix(prefix, "/") {
		return prefix + rest
	}
	return prefix + "/" + rest
}
