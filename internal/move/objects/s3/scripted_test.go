package s3_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects/object"
	"example.com/landfall/internal/move/objects/s3"
	"example.com/landfall/internal/testkit"
	"example.com/landfall/internal/testkit/objectkit"
)

// scripted returns a source of a server that answers as the API reference says
// S3 does, for what versitygw has not.
func scripted(t *testing.T, answer http.HandlerFunc) *s3.Source {
	t.Helper()
	return open(t, s3.Options{Config: testkit.AWSConfig(t, objectkit.Serve(t, answer)), Bucket: "bucket", Tries: 2})
}

func TestHeadsOfEveryKind(t *testing.T) {
	t.Parallel()
	headers := map[string]string{}
	source := scripted(t, func(w http.ResponseWriter, r *http.Request) {
		for name, value := range headers {
			w.Header().Set(name, value)
		}
	})
	for _, c := range []struct {
		name    string
		headers map[string]string
		want    func(object.Head) bool
	}{
		{"KMS", map[string]string{"X-Amz-Server-Side-Encryption": "aws:kms"}, func(h object.Head) bool { return h.Encryption == "aws:kms" }},
		{"SSE-C", map[string]string{"X-Amz-Server-Side-Encryption-Customer-Algorithm": "AES256"}, func(h object.Head) bool { return h.Encryption == "SSE-C" }},
		{"parts by ETag", map[string]string{"Etag": `"d41d8cd98f00b204e9800998ecf8427e-12"`}, func(h object.Head) bool { return h.Parts == 12 }},
		{"one body", map[string]string{"Etag": `"d41d8cd98f00b204e9800998ecf8427e"`}, func(h object.Head) bool { return h.Parts == 1 }},
		{"another ETag", map[string]string{"Etag": `"x"`}, func(h object.Head) bool { return h.Parts == 0 && h.ETag == "x" }},
		{"metadata that no header holds", map[string]string{"X-Amz-Missing-Meta": "3"}, func(h object.Head) bool { return h.Hidden == 3 }},
		{"tags", map[string]string{"X-Amz-Tagging-Count": "4"}, func(h object.Head) bool { return h.Tags == 4 }},
		{"crc64", map[string]string{"X-Amz-Checksum-Crc64nvme": "Oz/lPDTw94s=", "X-Amz-Checksum-Type": "FULL_OBJECT"}, func(h object.Head) bool { return h.Sums.CRC64 == 0x3b3fe53c34f0f78b }},
		{"composite", map[string]string{"X-Amz-Checksum-Crc32c": "AAAAAA==-2", "X-Amz-Checksum-Type": "COMPOSITE"}, func(h object.Head) bool { return h.Sums.Composite && h.Sums.Known == object.CRC32C }},
		{"aws-chunked is no encoding", map[string]string{"Content-Encoding": "aws-chunked"}, func(h object.Head) bool { return h.Headers.Encoding == "" }},
		{"aws-chunked and one", map[string]string{"Content-Encoding": "gzip,aws-chunked"}, func(h object.Head) bool { return h.Headers.Encoding == "gzip" }},
		{"redirect", map[string]string{"X-Amz-Website-Redirect-Location": "/x"}, func(h object.Head) bool { return h.Headers.Redirect == "/x" }},
	} {
		clear(headers)
		for name, value := range c.headers {
			headers[name] = value
		}
		if head, err := source.Head(t.Context(), object.Ref{Key: "k"}); err != nil || !c.want(head) {
			t.Errorf("%s: %+v, %v", c.name, head, err)
		}
	}
}

// What a listing of AWS has and versitygw's has not: keys in their URL form,
// classes, the state of a restore.
func TestListingAsAWSWritesIt(t *testing.T) {
	t.Parallel()
	source := scripted(t, func(w http.ResponseWriter, r *http.Request) {
		if q := r.URL.Query(); q.Get("encoding-type") != "url" || q.Get("start-after") != "a\x01" || r.Header.Get("X-Amz-Optional-Object-Attributes") != "RestoreStatus" {
			t.Errorf("query %v", q)
		}
		io.WriteString(w, `<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bucket</Name><Prefix></Prefix><StartAfter>a%01</StartAfter><KeyCount>4</KeyCount><MaxKeys>1000</MaxKeys><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated><NextContinuationToken>a+b%2F==</NextContinuationToken>`+
			`<Contents><Key>b%01%1F+x%2By</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified><ETag>&quot;d41d8cd98f00b204e9800998ecf8427e&quot;</ETag><ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType><Size>0</Size><Owner><ID>i</ID></Owner><StorageClass>STANDARD</StorageClass></Contents>`+
			`<Contents><Key>c</Key><Size>5368709121</Size><ETag>&quot;e-2&quot;</ETag><StorageClass>GLACIER</StorageClass><RestoreStatus><IsRestoreInProgress>true</IsRestoreInProgress></RestoreStatus></Contents>`+
			`<Contents><Key>d</Key><Size>1</Size><ETag>&quot;e&quot;</ETag><StorageClass>DEEP_ARCHIVE</StorageClass><RestoreStatus><IsRestoreInProgress>false</IsRestoreInProgress><RestoreExpiryDate>2026-01-09T00:00:00.000Z</RestoreExpiryDate></RestoreStatus></Contents>`+
			`<CommonPrefixes><Prefix>e%0D/</Prefix></CommonPrefixes></ListBucketResult>`)
	})
	page, err := source.Page(t.Context(), object.Range{After: "a\x01"}, "/", "")
	if err != nil || len(page.Items) != 3 || page.Next != "a+b%2F==" || len(page.Prefixes) != 1 || page.Prefixes[0] != "e\r/" {
		t.Fatalf("%+v, %v", page, err)
	}
	a, b, c := page.Items[0], page.Items[1], page.Items[2]
	if a.Key != "b\x01\x1f x+y" || a.ETag != "d41d8cd98f00b204e9800998ecf8427e" || a.Class != "" || !a.Modified.Equal(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)) {
		t.Errorf("%+v", a)
	}
	if b.Class != "GLACIER" || !b.Restoring || b.Restored || b.Size != 5368709121 {
		t.Errorf("%+v", b)
	}
	if c.Class != "DEEP_ARCHIVE" || c.Restoring || !c.Restored {
		t.Errorf("%+v", c)
	}
}

// A page of anything else is no empty listing.
func TestWhatIsNoListing(t *testing.T) {
	t.Parallel()
	document := ""
	source := scripted(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, document) })
	for _, document = range []string{"", "<html><body>sign in</body></html>", "<ListBucketResult><Contents><Key>a</Key></Contents>", "<ListBucketResult><Contents><Size>1</Size></Contents></ListBucketResult>",
		"<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>", "<ListBucketResult><EncodingType>url</EncodingType><Contents><Key>%zz</Key></Contents></ListBucketResult>"} {
		if page, err := source.Page(t.Context(), object.Range{}, "", ""); !fault.Is(err, fault.Unavailable) {
			t.Errorf("%q: %+v, %v", document, page, err)
		}
	}
}

func TestRestore(t *testing.T) {
	t.Parallel()
	status, code, sent := http.StatusAccepted, "", ""
	source := scripted(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		sent = r.Method + " " + r.URL.RequestURI() + " " + string(body)
		w.WriteHeader(status)
		fmt.Fprintf(w, "<Error><Code>%s</Code><Message>Restore is not allowed for the object's current storage class</Message></Error>", code)
	})
	ref := object.Ref{Key: "a b", Version: "v+1"}
	if err := source.Restore(t.Context(), ref, 7, "Bulk"); err != nil || !strings.HasPrefix(sent, "POST /bucket/a%20b?restore=&versionId=v%2B1 <RestoreRequest") || !strings.Contains(sent, "<Days>7</Days><GlacierJobParameters><Tier>Bulk<") {
		t.Errorf("%s, %v", sent, err)
	}
	if err := source.Restore(t.Context(), ref, 0, "Standard"); err != nil || strings.Contains(sent, "Days") {
		t.Errorf("%s, %v", sent, err)
	}
	status, code = http.StatusConflict, "RestoreAlreadyInProgress"
	if err := source.Restore(t.Context(), ref, 7, "Standard"); err != nil {
		t.Errorf("asked for already: %v", err)
	}
	status, code = http.StatusForbidden, "InvalidObjectState"
	if err := source.Restore(t.Context(), ref, 7, "Standard"); !fault.Is(err, fault.Invalid) {
		t.Errorf("not archived: %v", err)
	}
	if err := source.Restore(t.Context(), ref, 7, "Fast"); !fault.Is(err, fault.Usage) {
		t.Errorf("no such tier: %v", err)
	}
}

func TestPartsOfAnUpload(t *testing.T) {
	t.Parallel()
	var sizes []int64
	source := scripted(t, func(w http.ResponseWriter, r *http.Request) {
		var whole int64
		for _, size := range sizes {
			whole += size
		}
		w.Header().Set("Etag", fmt.Sprintf(`"d41d8cd98f00b204e9800998ecf8427e-%d"`, len(sizes)))
		if number := r.URL.Query().Get("partNumber"); number != "" {
			var n int
			fmt.Sscan(number, &n)
			whole = sizes[n-1]
			w.Header().Set("X-Amz-Mp-Parts-Count", fmt.Sprint(len(sizes)))
			w.Header().Set("Content-Length", fmt.Sprint(whole))
			w.WriteHeader(http.StatusPartialContent)
			return
		}
		w.Header().Set("Content-Length", fmt.Sprint(whole))
	})
	for _, sizes = range [][]int64{{8 << 20, 8 << 20, 5}, {5 << 20, 6 << 20, 7 << 20}, {9}} {
		got, err := source.Parts(t.Context(), object.Ref{Key: "k"})
		if err != nil || fmt.Sprint(got) != fmt.Sprint(sizes) {
			t.Errorf("%v: %v, %v", sizes, got, err)
		}
	}
}

// What goes out: signed or not, who pays, which style, after a clock was set.
func TestWhatIsSent(t *testing.T) {
	t.Parallel()
	var got *http.Request
	refuse := ""
	url := objectkit.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		if refuse != "" {
			w.Header().Set("Date", time.Now().Add(2*time.Hour).UTC().Format(http.TimeFormat))
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprintf(w, "<Error><Code>%s</Code></Error>", refuse)
			refuse = ""
			return
		}
		io.WriteString(w, "x")
	}))
	o := s3.Options{Config: testkit.AWSConfig(t, url), Bucket: "bucket"}
	o.Config.Credentials = credentials.NewStaticCredentialsProvider("AKIA", "secret", "session")
	o.RequesterPays = true
	get := func(o s3.Options, ref object.Ref) error {
		_, body, err := open(t, o).Open(t.Context(), ref, object.Span{})
		if err != nil {
			return err
		}
		return body.Close()
	}
	if err := get(o, object.Ref{Key: "a/../b c", Version: "1", IfMatch: "e"}); err != nil {
		t.Fatal(err)
	}
	auth := got.Header.Get("Authorization")
	if got.RequestURI != "/bucket/a/../b%20c?versionId=1" || got.Header.Get("If-Match") != `"e"` || got.Header.Get("X-Amz-Request-Payer") != "requester" ||
		got.Header.Get("X-Amz-Security-Token") != "session" || got.Header.Get("X-Amz-Checksum-Mode") != "ENABLED" || !strings.Contains(auth, "/us-east-1/s3/aws4_request") {
		t.Errorf("%s %v", got.RequestURI, got.Header)
	}
	refuse = "RequestTimeTooSkewed"
	if err := get(o, object.Ref{Key: "k"}); err != nil {
		t.Errorf("with a clock that is off: %v", err)
	}
	if at, err := time.Parse("20060102T150405Z", got.Header.Get("X-Amz-Date")); err != nil || time.Until(at) < time.Hour {
		t.Errorf("signed at %s", got.Header.Get("X-Amz-Date"))
	}
	o.Anonymous = true
	if err := get(o, object.Ref{Key: "k"}); err != nil || got.Header.Get("Authorization") != "" {
		t.Errorf("anonymous: %v, %v", err, got.Header)
	}
	o.Anonymous, o.Config.Credentials = false, nil
	if err := get(o, object.Ref{Key: "k"}); !fault.Is(err, fault.Denied) || fault.HintOf(err) == "" {
		t.Errorf("without credentials: %v", err)
	}
}

// Redirects lead to the region of the bucket, once.
func TestRegionOfTheBucket(t *testing.T) {
	t.Parallel()
	var hosts []string
	transport := trip(func(r *http.Request) *http.Response {
		hosts = append(hosts, r.URL.Host)
		if !strings.Contains(r.URL.Host, "eu-west-1") {
			return &http.Response{StatusCode: http.StatusMovedPermanently, Header: http.Header{"X-Amz-Bucket-Region": {"eu-west-1"}}, Body: http.NoBody}
		}
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody, Request: r}
	})
	config := aws.Config{Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("AKIA", "secret", "")}
	source := open(t, s3.Options{Config: config, Bucket: "bucket", Transport: transport})
	if _, err := source.Head(t.Context(), object.Ref{Key: "k"}); err != nil {
		t.Fatal(err)
	}
	if want := "bucket.s3.us-east-1.amazonaws.com bucket.s3.eu-west-1.amazonaws.com"; strings.Join(hosts, " ") != want || source.Region() != "eu-west-1" {
		t.Errorf("%v, %s", hosts, source.Region())
	}
	for bucket, host := range map[string]string{"arn:aws:s3:eu-central-1:123456789012:accesspoint/point": "point-123456789012.s3-accesspoint.eu-central-1.amazonaws.com"} {
		hosts = nil
		point := open(t, s3.Options{Config: config, Bucket: bucket, Transport: transport, Tries: 1})
		point.Head(t.Context(), object.Ref{Key: "k"})
		if len(hosts) == 0 || hosts[0] != host {
			t.Errorf("%s: %v", bucket, hosts)
		}
	}
	for bucket, kind := range map[string]fault.Kind{"b--use1-az4--x-s3": fault.Unsupported, "arn:aws:s3::123456789012:accesspoint/a.mrap": fault.Unsupported, "arn:aws:sqs:x": fault.Invalid} {
		if _, err := s3.New(t.Context(), s3.Options{Config: config, Bucket: bucket}); !fault.Is(err, kind) {
			t.Errorf("%s: %v", bucket, err)
		}
	}
}

type trip func(*http.Request) *http.Response

func (t trip) RoundTrip(r *http.Request) (*http.Response, error) { return t(r), nil }
