package azureblob

import (
	"strconv"
	"strings"
)

// deref returns what p points to, or the zero value: the SDK leaves out
// headers that the service did not send.
func deref[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// totalSize reads the size from a Content-Range, "bytes 0-9/1234". The service
// sends none with a whole object.
func totalSize(contentRange *string) (int64, bool) {
	_, text, found := strings.Cut(deref(contentRange), "/")
	if !found {
		return 0, false
	}
	size, err := strconv.ParseInt(text, 10, 64)
	return size, err == nil
}
