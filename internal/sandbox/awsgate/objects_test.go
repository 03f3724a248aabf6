package awsgate_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"pgregory.net/rapid"

	"example.com/landfall/internal/sandbox/awsgate"
)

func noise(t testing.TB, size int) []byte {
	t.Helper()
	out := make([]byte, size)
	r := rand.NewChaCha8([32]byte{1})
	if _, err := r.Read(out); err != nil {
		t.Fatal(err)
	}
	return out
}

// The real command line: a small file, a multipart upload, a sync that finds
// nothing left to do, a presigned URL.
func TestCommandLineObjects(t *testing.T) {
	t.Parallel()
	b := open(t, nil)
	bucket := "cli-" + b.moto.Account
	b.cli(t, "s3", "mb", "s3://"+bucket)
	dir := t.TempDir()
	large := noise(t, 9<<20)
	for name, data := range map[string][]byte{"small file+1": []byte("hello"), "sub/large": large} {
		path := filepath.Join(dir, "tree", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		// S3 tells times in whole seconds: a file of the second of its upload
		// would look newer than its copy.
		old := time.Now().Add(-time.Hour)
		if err := os.Chtimes(path, old, old); err != nil {
			t.Fatal(err)
		}
	}
	b.cli(t, "s3", "sync", filepath.Join(dir, "tree"), "s3://"+bucket+"/copy", "--no-progress")
	if again := b.cli(t, "s3", "sync", filepath.Join(dir, "tree"), "s3://"+bucket+"/copy", "--no-progress"); again != "" {
		t.Errorf("the second sync still copies: %s", again)
	}
	b.cli(t, "s3", "cp", "s3://"+bucket+"/copy/sub/large", filepath.Join(dir, "back"), "--no-progress")
	back, err := os.ReadFile(filepath.Join(dir, "back"))
	if err != nil || !bytes.Equal(back, large) {
		t.Errorf("the large object comes back with %d bytes, %v", len(back), err)
	}
	link := strings.TrimSpace(b.cli(t, "s3", "presign", "s3://"+bucket+"/copy/small file+1"))
	response, err := http.Get(link)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if text, err := io.ReadAll(response.Body); err != nil || string(text) != "hello" {
		t.Errorf("presigned GET: %d %q %v", response.StatusCode, text, err)
	}
	if out := b.cli(t, "s3", "ls", "--recursive", "s3://"+bucket); strings.Count(out, "\n") != 2 {
		t.Errorf("ls prints %q", out)
	}
	b.cli(t, "s3", "rb", "--force", "s3://"+bucket)
	if _, err := b.cliTry(t, "s3api", "head-bucket", "--bucket", bucket); err == nil {
		t.Error("the removed bucket is still there")
	}
}

// Keys of every shape come back from put, get, list and delete as they were.
func TestOddKeys(t *testing.T) {
	t.Parallel()
	b := open(t, nil)
	bucket, client := b.bucket(t, "odd"), b.s3(t)
	keys := []string{"a//b", "/lead", "//", "..", "../x", "a/../b", "a/./b", "a.", "a/", "a ", "a\r", "a\n", "a\x01b", "a%2Fb", "a+b", "d", "d/e", "d.x",
		"e\u0301", "\u00e9", "a&b=c?d#e", `a\b`, "\U0001f600", strings.Repeat("x", 1024), strings.Repeat("x/", 512), strings.Repeat("é", 512), strings.Repeat("\x02", 250), strings.Repeat(".", 1024)}
	for _, key := range keys {
		must(t)(client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(key)}))
	}
	checkListed(t, client, bucket, keys)
	for _, key := range keys {
		checkObject(t, client, bucket, key, key)
		version := "a copy of " + key
		if len(version) <= 1024 {
			must(t)(client.CopyObject(t.Context(), &s3.CopyObjectInput{Bucket: &bucket, Key: &version,
				CopySource: aws.String(bucket + "/" + url.PathEscape(key))}))
			checkObject(t, client, bucket, version, key)
			must(t)(client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &bucket, Key: &version}))
		}
	}
	// XML 1.0 cannot say these, so no client can delete them by a list.
	keys = slices.DeleteFunc(keys, func(key string) bool {
		control := strings.ContainsAny(key, "\x01\x02")
		if control {
			must(t)(client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &bucket, Key: &key}))
		}
		return control
	})
	doomed := make([]types.ObjectIdentifier, len(keys))
	for i := range keys {
		doomed[i].Key = &keys[i]
	}
	out, err := client.DeleteObjects(t.Context(), &s3.DeleteObjectsInput{Bucket: &bucket, Delete: &types.Delete{Objects: doomed}})
	if err != nil || len(out.Deleted) != len(keys) || len(out.Errors) != 0 {
		t.Fatalf("delete objects: %v, %d deleted, errors %v", err, len(out.Deleted), out.Errors)
	}
	for i, d := range out.Deleted {
		if aws.ToString(d.Key) != keys[i] {
			t.Errorf("deleted key %q, want %q", aws.ToString(d.Key), keys[i])
		}
	}
	checkListed(t, client, bucket, nil)
}

func checkObject(t testing.TB, client *s3.Client, bucket, key, want string) {
	t.Helper()
	object, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		t.Errorf("get %.60q: %v", key, err)
		return
	}
	defer object.Body.Close()
	if text, err := io.ReadAll(object.Body); err != nil || string(text) != want {
		t.Errorf("object %.60q holds %.60q, %v", key, text, err)
	}
}

// checkListed compares all pages of both listings with the keys.
func checkListed(t testing.TB, client *s3.Client, bucket string, keys []string) {
	t.Helper()
	want := slices.Sorted(slices.Values(keys))
	var got []string
	pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: &bucket, MaxKeys: aws.Int32(5), EncodingType: types.EncodingTypeUrl})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range page.Contents {
			key, err := url.QueryUnescape(aws.ToString(o.Key))
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, key)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("listed %q\nwant %q", got, want)
	}
}

// Whatever the keys, prefixes and delimiters: a listing is what S3's rules
// make of the set of keys.
func TestListingsAgainstAModel(t *testing.T) {
	t.Parallel()
	b := open(t, nil)
	client := b.s3(t)
	part := rapid.SampledFrom([]string{"a", "b", "/", "//", ".", "-", "!", "0", " ", "é", "..", strings.Repeat("y", 210)})
	text := rapid.Custom(func(t *rapid.T) string { return strings.Join(rapid.SliceOfN(part, 1, 5).Draw(t, "parts"), "") })
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		if round > 12 {
			return // each round makes a bucket and a dozen objects
		}
		bucket := b.bucket(t, "model-"+strconv.Itoa(round))
		keys := rapid.SliceOfNDistinct(text, 1, 10, rapid.ID[string]).Draw(rt, "keys")
		for _, key := range keys {
			must(t)(client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader("")}))
		}
		for range 4 {
			prefix := rapid.OneOf(rapid.Just(""), rapid.SampledFrom(keys), text).Draw(rt, "prefix")
			if rapid.Bool().Draw(rt, "shorter") && len(prefix) > 1 && prefix[len(prefix)-1] < 0x80 {
				prefix = prefix[:len(prefix)-1]
			}
			delimiter := rapid.SampledFrom([]string{"", "/", "-", "a"}).Draw(rt, "delimiter")
			max := rapid.Int32Range(1, 4).Draw(rt, "max")
			compareListing(rt, t, client, &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix, Delimiter: &delimiter, MaxKeys: &max,
				EncodingType: types.EncodingTypeUrl}, keys)
		}
	})
}

func compareListing(rt *rapid.T, t *testing.T, client *s3.Client, in *s3.ListObjectsV2Input, keys []string) {
	var want []string
	for _, key := range slices.Sorted(slices.Values(keys)) {
		rest, ok := strings.CutPrefix(key, *in.Prefix)
		if !ok {
			continue
		}
		if before, _, found := strings.Cut(rest, *in.Delimiter); found && *in.Delimiter != "" {
			key = "group " + *in.Prefix + before + *in.Delimiter
		}
		if !slices.Contains(want, key) {
			want = append(want, key)
		}
	}
	var got []string
	pages := s3.NewListObjectsV2Paginator(client, in)
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			rt.Fatal(err)
		}
		if n := len(page.Contents) + len(page.CommonPrefixes); n > int(*in.MaxKeys) {
			rt.Fatalf("a page holds %d entries", n)
		}
		for _, o := range page.Contents {
			got = append(got, unquery(rt, aws.ToString(o.Key)))
		}
		for _, p := range page.CommonPrefixes {
			got = append(got, "group "+unquery(rt, aws.ToString(p.Prefix)))
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		rt.Fatalf("prefix %q, delimiter %q, pages of %d: listed %q, want %q", *in.Prefix, *in.Delimiter, *in.MaxKeys, got, want)
	}
	compareMarkers(rt, t, client, &s3.ListObjectsInput{Bucket: in.Bucket, Prefix: in.Prefix, Delimiter: in.Delimiter, MaxKeys: in.MaxKeys,
		EncodingType: types.EncodingTypeUrl}, want)
}

// compareMarkers walks the older listing, whose pages are told by keys and
// common prefixes.
func compareMarkers(rt *rapid.T, t *testing.T, client *s3.Client, in *s3.ListObjectsInput, want []string) {
	var got []string
	for range 100 {
		page, err := client.ListObjects(t.Context(), in)
		if err != nil {
			rt.Fatal(err)
		}
		last := ""
		for _, o := range page.Contents {
			got = append(got, unquery(rt, aws.ToString(o.Key)))
			last = max(last, got[len(got)-1])
		}
		for _, p := range page.CommonPrefixes {
			prefix := unquery(rt, aws.ToString(p.Prefix))
			got = append(got, "group "+prefix)
			last = max(last, prefix)
		}
		if !aws.ToBool(page.IsTruncated) {
			break
		}
		if page.NextMarker != nil {
			last = unquery(rt, *page.NextMarker)
		}
		in.Marker = &last
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		rt.Fatalf("by markers: prefix %q, delimiter %q, pages of %d: listed %q, want %q", *in.Prefix, *in.Delimiter, *in.MaxKeys, got, want)
	}
}

func unquery(t *rapid.T, s string) string {
	key, err := url.QueryUnescape(s)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// All versions are listed once, in pages of any size.
func TestVersions(t *testing.T) {
	t.Parallel()
	b := open(t, nil)
	bucket, client := b.bucket(t, "versions"), b.s3(t)
	must(t)(client.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{Bucket: &bucket,
		VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}}))
	status, err := client.GetBucketVersioning(t.Context(), &s3.GetBucketVersioningInput{Bucket: &bucket})
	if err != nil || status.Status != types.BucketVersioningStatusEnabled {
		t.Fatalf("versioning is %v, %v", status, err)
	}
	var newest []string
	for _, key := range []string{"a", "a/b", "a/c", "z"} {
		for i := range 3 {
			put, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(strconv.Itoa(i))})
			if err != nil {
				t.Fatal(err)
			}
			newest = append(newest, aws.ToString(put.VersionId))
		}
	}
	must(t)(client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &bucket, Key: aws.String("a/b")}))
	for _, max := range []int32{1, 2, 5, 1000} {
		seen := map[string]int{}
		in := &s3.ListObjectVersionsInput{Bucket: &bucket, MaxKeys: &max}
		for {
			page, err := client.ListObjectVersions(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range page.Versions {
				seen[*v.Key+" "+*v.VersionId]++
			}
			for _, d := range page.DeleteMarkers {
				seen[*d.Key+" deleted"]++
			}
			if !aws.ToBool(page.IsTruncated) {
				break
			}
			in.KeyMarker, in.VersionIdMarker = page.NextKeyMarker, page.NextVersionIdMarker
		}
		if len(seen) != 13 {
			t.Errorf("pages of %d: %d entries, want 13: %v", max, len(seen), seen)
		}
		for entry, n := range seen {
			if n != 1 {
				t.Errorf("pages of %d: %s is listed %d times", max, entry, n)
			}
		}
	}
	old, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: aws.String("a"), VersionId: &newest[0]})
	if err != nil {
		t.Fatal(err)
	}
	defer old.Body.Close()
	if text, err := io.ReadAll(old.Body); err != nil || string(text) != "0" {
		t.Errorf("the first version of a holds %q, %v", text, err)
	}
}

// chunked encodes a body as aws-chunked, with signatures as a client makes
// them; what they are does not matter here.
func chunked(data []byte, size int, signed bool, trailer string) []byte {
	var b bytes.Buffer
	signature := ""
	if signed {
		signature = ";chunk-signature=" + strings.Repeat("0", 64)
	}
	for chunk := range slices.Chunk(data, size) {
		fmt.Fprintf(&b, "%x%s\r\n%s\r\n", len(chunk), signature, chunk)
	}
	fmt.Fprintf(&b, "0%s\r\n%s\r\n", signature, trailer)
	return b.Bytes()
}

// Every form in which a client may send a body, and a wrong checksum in each
// form that has one.
func TestBodyForms(t *testing.T) {
	t.Parallel()
	b := open(t, nil)
	bucket, client := b.bucket(t, "forms"), b.s3(t)
	data := noise(t, 200_000)
	sum := sha256.Sum256(data)
	crc := base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(data)))
	trailer := "x-amz-checksum-crc32:" + crc + "\r\n"
	wrong := "x-amz-checksum-crc32:AAAAAA==\r\n"
	for name, c := range map[string]struct {
		hash, trailer string
		body          []byte
		status        int
	}{
		"whole":                  {hex.EncodeToString(sum[:]), "", data, 200},
		"whole, wrong":           {strings.Repeat("0", 64), "", data, 400},
		"unsigned":               {"UNSIGNED-PAYLOAD", "", data, 200},
		"signed chunks":          {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "", chunked(data, 64<<10, true, ""), 200},
		"small chunks":           {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "", chunked(data, 1000, true, ""), 200},
		"checksum, wrong":        {"UNSIGNED-PAYLOAD", "", data, 400},
		"digest, wrong":          {"UNSIGNED-PAYLOAD", "", data, 400},
		"trailer":                {"STREAMING-UNSIGNED-PAYLOAD-TRAILER", "x-amz-checksum-crc32", chunked(data, 70_000, false, trailer), 200},
		"trailer, wrong":         {"STREAMING-UNSIGNED-PAYLOAD-TRAILER", "x-amz-checksum-crc32", chunked(data, 70_000, false, wrong), 400},
		"trailer, missing":       {"STREAMING-UNSIGNED-PAYLOAD-TRAILER", "x-amz-checksum-crc32", chunked(data, 70_000, false, ""), 400},
		"signed trailer":         {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", "x-amz-checksum-crc32", chunked(data, 64<<10, true, trailer), 200},
		"signed trailer, wrong":  {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", "x-amz-checksum-crc32", chunked(data, 64<<10, true, wrong), 400},
		"chunks, too few":        {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "", chunked(data[1:], 64<<10, true, ""), 400},
		"chunks, broken off":     {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "", chunked(data, 64<<10, true, "")[:100_000], 400},
		"chunks, no chunks":      {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "", data, 400},
		"unsigned, broken off":   {"UNSIGNED-PAYLOAD", "", data, 0},
		"chunks, surplus at end": {"STREAMING-UNSIGNED-PAYLOAD-TRAILER", "x-amz-checksum-crc32", chunked(append(data, 'x'), 64<<10, false, trailer), 400},
	} {
		t.Run(name, func(t *testing.T) {
			key := "form " + name
			if c.status == 0 {
				b.cutPut(t, bucket, key, c.body)
			} else if status := b.put(t, bucket, key, c.body, map[string]string{"X-Amz-Content-Sha256": c.hash, "X-Amz-Trailer": c.trailer,
				"X-Amz-Decoded-Content-Length": strconv.Itoa(len(data)), "Content-Encoding": encodingOf(c.hash),
				"X-Amz-Checksum-Crc32": map[string]string{"checksum, wrong": "AAAAAA=="}[name],
				"Content-Md5":          map[string]string{"digest, wrong": "AAAAAAAAAAAAAAAAAAAAAA=="}[name]}); status != c.status {
				t.Fatalf("status %d, want %d", status, c.status)
			}
			if c.status != 200 {
				if _, err := client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &bucket, Key: &key}); err == nil {
					t.Error("the object is there")
				}
				return
			}
			checkObject(t, client, bucket, key, string(data))
			head, err := client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &bucket, Key: &key})
			if err != nil || aws.ToString(head.ContentEncoding) != "" {
				t.Errorf("content encoding %q, %v", aws.ToString(head.ContentEncoding), err)
			}
		})
	}
}

func encodingOf(hash string) string {
	if strings.HasPrefix(hash, "STREAMING-") {
		return "aws-chunked"
	}
	return ""
}

// put sends a PutObject by hand and returns the status.
func (b *bed) put(t testing.TB, bucket, key string, body []byte, header map[string]string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, b.url+"/"+bucket+"/"+url.PathEscape(key), bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range header {
		if value != "" {
			request.Header.Set(name, value)
		}
	}
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+b.moto.Key+"/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode
}

// cutPut announces a body, sends half of it and hangs up.
func (b *bed) cutPut(t testing.TB, bucket, key string, body []byte) {
	t.Helper()
	connection, err := net.Dial("tcp", strings.TrimPrefix(b.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	fmt.Fprintf(connection, "PUT /%s/%s HTTP/1.1\r\nHost: gate\r\nContent-Length: %d\r\nX-Amz-Content-Sha256: UNSIGNED-PAYLOAD\r\n"+
		"Authorization: AWS4-HMAC-SHA256 Credential=%s/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0\r\n\r\n",
		bucket, url.PathEscape(key), len(body), b.moto.Key)
	if _, err := connection.Write(body[:len(body)/2]); err != nil {
		t.Fatal(err)
	}
	// Half closed, so that the answer can be waited for.
	if err := connection.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, connection); err != nil {
		t.Fatal(err)
	}
}

// A multipart upload to an odd key, from the first listing to the last.
func TestMultipartOfAnOddKey(t *testing.T) {
	t.Parallel()
	b := open(t, nil)
	// Without UsePathStyle: the SDK puts buckets into the path by itself where
	// the endpoint is an address.
	bucket, client := b.bucket(t, "parts"), s3.NewFromConfig(b.config(t))
	key, ctx := aws.String("dir//a part.\u00e9/"), t.Context()
	upload, err := client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &bucket, Key: key})
	if err != nil || aws.ToString(upload.Key) != *key {
		t.Fatalf("%v, %v", upload, err)
	}
	data := noise(t, 5<<20)
	var parts []types.CompletedPart
	for n, body := range [][]byte{data, []byte("the end")} {
		part, err := client.UploadPart(ctx, &s3.UploadPartInput{Bucket: &bucket, Key: key, UploadId: upload.UploadId, PartNumber: aws.Int32(int32(n + 1)), Body: bytes.NewReader(body)})
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, types.CompletedPart{PartNumber: aws.Int32(int32(n + 1)), ETag: part.ETag, ChecksumCRC32: part.ChecksumCRC32})
	}
	uploads, err := client.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: &bucket, Prefix: aws.String("dir//")})
	if err != nil || len(uploads.Uploads) != 1 || aws.ToString(uploads.Uploads[0].Key) != *key {
		t.Errorf("uploads %v, %v", uploads, err)
	}
	listed, err := client.ListParts(ctx, &s3.ListPartsInput{Bucket: &bucket, Key: key, UploadId: upload.UploadId})
	if err != nil || len(listed.Parts) != 2 || aws.ToString(listed.Key) != *key {
		t.Errorf("parts %v, %v", listed, err)
	}
	done, err := client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: &bucket, Key: key, UploadId: upload.UploadId,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: parts}})
	if err != nil || aws.ToString(done.Key) != *key || !strings.HasPrefix(aws.ToString(done.Location), b.url+"/"+bucket+"/dir//") {
		t.Fatalf("%+v, %v", done, err)
	}
	tail, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: key, Range: aws.String("bytes=5242880-")})
	if err != nil {
		t.Fatal(err)
	}
	defer tail.Body.Close()
	if text, err := io.ReadAll(tail.Body); err != nil || string(text) != "the end" {
		t.Errorf("%q, %v", text, err)
	}
}

// The configuration of a bucket is moto's, its bytes are the store's, and both
// agree on which buckets there are.
func TestBuckets(t *testing.T) {
	t.Parallel()
	b := open(t, nil)
	bucket, client, ctx := b.bucket(t, "both"), b.s3(t), t.Context()
	must(t)(client.PutBucketLifecycleConfiguration(ctx, &s3.PutBucketLifecycleConfigurationInput{Bucket: &bucket, LifecycleConfiguration: &types.BucketLifecycleConfiguration{
		Rules: []types.LifecycleRule{{ID: aws.String("old"), Status: types.ExpirationStatusEnabled, Filter: &types.LifecycleRuleFilter{Prefix: aws.String("tmp/")},
			Expiration: &types.LifecycleExpiration{Days: aws.Int32(7)}}}}}))
	life, err := client.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: &bucket})
	if err != nil || len(life.Rules) != 1 || aws.ToString(life.Rules[0].ID) != "old" {
		t.Errorf("lifecycle %v, %v", life, err)
	}
	must(t)(client.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: aws.String("k"), Body: strings.NewReader("x"), Tagging: aws.String("a=b"), Metadata: map[string]string{"m": "v"}}))
	tags, err := client.GetObjectTagging(ctx, &s3.GetObjectTaggingInput{Bucket: &bucket, Key: aws.String("k")})
	if err != nil || len(tags.TagSet) != 1 {
		t.Errorf("tags %v, %v", tags, err)
	}
	if head, err := client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &bucket, Key: aws.String("k")}); err != nil || head.Metadata["m"] != "v" || aws.ToInt64(head.ContentLength) != 1 {
		t.Errorf("head %v, %v", head, err)
	}
	for name, call := range map[string]func() error{
		"BucketNotEmpty": func() error { _, err := client.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &bucket}); return err },
		"NoSuchKey": func() error {
			_, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: aws.String("no//such")})
			return err
		},
		"KeyTooLongError": func() error {
			_, err := client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &bucket, Key: aws.String(strings.Repeat("k", 1025))})
			if err != nil && strings.Contains(err.Error(), "StatusCode: 400") {
				_, err = client.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: aws.String(strings.Repeat("\x02", 1000))})
			}
			return err
		},
		"NoSuchBucket": func() error {
			_, err := client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: aws.String("nowhere-" + b.moto.Account)})
			return err
		},
		"NotImplemented": func() error {
			_, err := client.GetObjectTorrent(ctx, &s3.GetObjectTorrentInput{Bucket: &bucket, Key: aws.String("k")})
			return err
		},
		"AccessDenied": func() error {
			_, err := client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &bucket, ExpectedBucketOwner: aws.String("999999999999")})
			return err
		},
	} {
		api, ok := errors.AsType[smithy.APIError](call())
		if !ok || api.ErrorCode() != name {
			t.Errorf("%v, want %s", api, name)
		}
	}
	must(t)(client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: aws.String("k")}))
	must(t)(client.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &bucket}))
	list, err := client.ListBuckets(ctx, &s3.ListBucketsInput{})
	if err != nil || slices.ContainsFunc(list.Buckets, func(x types.Bucket) bool { return aws.ToString(x.Name) == bucket }) {
		t.Errorf("buckets %v, %v", list, err)
	}
}

func TestPresignedURLExpires(t *testing.T) {
	t.Parallel()
	var later atomic.Int64
	b := open(t, func(o *awsgate.Options) {
		o.Now = func() time.Time { return time.Now().Add(time.Duration(later.Load())) }
	})
	bucket := b.bucket(t, "expired")
	later.Store(int64(time.Hour))
	signed, err := s3.NewPresignClient(b.s3(t)).PresignGetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: aws.String("k")}, s3.WithPresignExpires(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.Get(signed.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if text, err := io.ReadAll(response.Body); err != nil || response.StatusCode != 403 || !strings.Contains(string(text), "Request has expired") {
		t.Errorf("%d %s %v", response.StatusCode, text, err)
	}
}
