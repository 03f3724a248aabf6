package objects

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"example.com/landfall/internal/sandbox/awsgate/awsapi"
)

// versitygw takes a storage class and server-side encryption and forgets them.
// The gate keeps them as metadata of the object, under names that clients
// never see, and remembers the classes for listings, which show no metadata.

const (
	keptClass  = "X-Amz-Meta-Landfall-Storage-Class"
	keptSSE    = "X-Amz-Meta-Landfall-Sse"
	keptSSEKey = "X-Amz-Meta-Landfall-Sse-Key"

	classHeader  = "X-Amz-Storage-Class"
	sseHeader    = "X-Amz-Server-Side-Encryption"
	sseKeyHeader = "X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id"
	customerKey  = "X-Amz-Server-Side-Encryption-Customer-"
	copyCustomer = "X-Amz-Copy-Source-Server-Side-Encryption-Customer-"
)

// storageClasses are S3's, without those of directory buckets and Outposts.
func storageClasses() []string {
	return []string{"STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER", "DEEP_ARCHIVE", "GLACIER_IR"}
}

// refuseCustomerKeys: to store an object in clear that the client believes
// encrypted with its own key would be a lie.
func refuseCustomerKeys(header http.Header) error {
	for name := range header {
		if strings.HasPrefix(name, customerKey) || strings.HasPrefix(name, copyCustomer) {
			return &awsapi.Error{Code: "NotImplemented", Message: "server-side encryption with customer keys is not supported by the sandbox",
				Status: http.StatusNotImplemented}
		}
	}
	return nil
}

// keep moves what the store forgets from the request's headers into metadata.
func keep(header http.Header) error {
	for _, name := range []string{keptClass, keptSSE, keptSSEKey} {
		header.Del(name) // these names are the gate's
	}
	class := header.Get(classHeader)
	if class != "" && !slices.Contains(storageClasses(), class) {
		return awsapi.Refuse("InvalidStorageClass", "The storage class you specified is not valid")
	}
	if class == "STANDARD" {
		class = ""
	}
	for name, value := range map[string]string{keptClass: class, keptSSE: header.Get(sseHeader), keptSSEKey: header.Get(sseKeyHeader)} {
		if value != "" {
			header.Set(name, value)
		}
	}
	for _, name := range []string{classHeader, sseHeader, sseKeyHeader} {
		header.Del(name)
	}
	return nil
}

// reveal turns the metadata of a stored object back into headers.
func reveal(header http.Header) {
	for kept, name := range map[string]string{keptClass: classHeader, keptSSE: sseHeader, keptSSEKey: sseKeyHeader} {
		if value := header.Get(kept); value != "" {
			header.Set(name, value)
			header.Del(kept)
		}
	}
}

// echo tells the client of an upload how it was encrypted, as S3 does.
func echo(answer, sent http.Header) {
	for kept, name := range map[string]string{keptSSE: sseHeader, keptSSEKey: sseKeyHeader} {
		if value := sent.Get(kept); value != "" {
			answer.Set(name, value)
		}
	}
}

// prepareCopy makes the copy's class and encryption those of the request and
// not those of the object it is copied from: S3 copies the metadata, never
// these. Where they differ the metadata has to be sent anew.
func (rt *Router) prepareCopy(ctx context.Context, header http.Header) error {
	replace := strings.EqualFold(header.Get("X-Amz-Metadata-Directive"), "REPLACE")
	asked := header.Get(classHeader) != "" || header.Get(sseHeader) != ""
	if replace {
		return keep(header)
	}
	found, err := rt.headSource(ctx, header.Get("X-Amz-Copy-Source"))
	if err != nil {
		return err
	}
	hidden := found.Get(keptClass) != "" || found.Get(keptSSE) != ""
	if found == nil || !asked && !hidden {
		return keep(header)
	}
	for name, values := range found {
		switch {
		case strings.HasPrefix(name, "X-Amz-Meta-"):
			header[name] = values
		case slices.Contains([]string{"Content-Type", "Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Expires"}, name):
			header[name] = values
		}
	}
	header.Set("X-Amz-Metadata-Directive", "REPLACE")
	return keep(header)
}

// headSource reads the headers of the object that is copied; nil when there is
// none, which the copy itself will say better.
func (rt *Router) headSource(ctx context.Context, source string) (http.Header, error) {
	path, version, _ := strings.Cut(source, "?versionId=")
	bucket, stored, _ := strings.Cut(path, "/")
	params := url.Values{}
	if version != "" {
		params.Set("versionId", version)
	}
	response, err := rt.send(ctx, &query{method: http.MethodHead, bucket: unescape(bucket), stored: unescape(stored), params: params, header: http.Header{}})
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, nil
	}
	return response.Header, nil
}

// maxClasses bounds the objects whose class is remembered for listings.
const maxClasses = 2_000_000

// classes remembers the storage class of objects that are not STANDARD. What
// it does not know (after a restart, beyond the bound) is listed as STANDARD;
// HeadObject always tells the truth. The zero value is ready.
type classes struct {
	mu      sync.RWMutex
	objects map[[3]string]string // bucket, key, version; "" is the current one
	uploads map[string]string    // by upload id
}

func (c *classes) of(bucket, key, version string) string {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.objects[[3]string{bucket, key, version}]
}

func (c *classes) set(bucket, key, version, class string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.objects == nil {
		c.objects, c.uploads = map[[3]string]string{}, map[string]string{}
	}
	for _, v := range []string{"", version} {
		id := [3]string{bucket, key, v}
		if class == "" {
			delete(c.objects, id)
		} else if len(c.objects) < maxClasses {
			c.objects[id] = class
		}
	}
}

// begin and end carry the class of a multipart upload from its beginning to
// its completion.
func (c *classes) begin(upload, class string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.uploads == nil {
		c.objects, c.uploads = map[[3]string]string{}, map[string]string{}
	}
	if class != "" && upload != "" && len(c.uploads) < maxClasses {
		c.uploads[upload] = class
	}
}

func (c *classes) end(upload string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	class := c.uploads[upload]
	delete(c.uploads, upload)
	return class
}
