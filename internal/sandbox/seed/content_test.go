package seed_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"io"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/klauspost/compress/gzip"

	"example.com/landfall/internal/sandbox/seed"
)

// list gives all keys under a prefix. Keys come URL-encoded, because XML has
// no way to write most control characters.
func list(t *testing.T, r run, bucket, prefix string) []string {
	t.Helper()
	var keys []string
	pages := s3.NewListObjectsV2Paginator(pathStyle(r.cfg), &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix, EncodingType: types.EncodingTypeUrl})
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
			keys = append(keys, key)
		}
	}
	return keys
}

func body(t *testing.T, r run, bucket, key string) []byte {
	t.Helper()
	out := answer(t, pathStyle(r.cfg).GetObject, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	defer out.Body.Close()
	text, err := io.ReadAll(out.Body)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Every odd key is listed byte for byte, once, and holds its own content.
func oddKeys(t *testing.T, r run) {
	bucket := r.sum.Bookshop.Buckets["bookshop-invoices"]
	var got []string
	for _, key := range list(t, r, bucket, "") {
		if !strings.HasPrefix(key, "invoices/") && !strings.HasPrefix(key, "archive/") && !strings.HasPrefix(key, "drafts/") {
			got = append(got, key)
		}
	}
	want := seed.OddKeys()
	if !slices.IsSorted(got) {
		t.Error("keys are not listed in the order of their bytes")
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("listed\n%q\nwant\n%q", got, want)
	}
	for _, key := range want {
		if text := string(body(t, r, bucket, key)); text != seed.OddBody(key) {
			t.Errorf("%q holds %q", key, text)
		}
	}
}

func TestOddKeysAreLegal(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	longest := 0
	for _, key := range seed.OddKeys() {
		if len(key) == 0 || len(key) > 1024 || !utf8.ValidString(key) {
			t.Errorf("S3 has no key of %d bytes %q", len(key), key)
		}
		if seen[key] {
			t.Errorf("%q is there twice", key)
		}
		seen[key] = true
		longest = max(longest, len(key))
	}
	if longest != 1024 {
		t.Errorf("the longest key has %d bytes, the bound is 1024", longest)
	}
}

func versions(t *testing.T, r run) {
	bucket := r.sum.Bookshop.Buckets["bookshop-invoices"]
	out := answer(t, pathStyle(r.cfg).ListObjectVersions, &s3.ListObjectVersionsInput{Bucket: &bucket, Prefix: aws.String("drafts/")})
	per, latest, markers := map[string]int{}, 0, 0
	for _, v := range out.Versions {
		per[aws.ToString(v.Key)]++
		if aws.ToBool(v.IsLatest) {
			latest++
		}
	}
	for _, m := range out.DeleteMarkers {
		if aws.ToBool(m.IsLatest) {
			markers++
		}
	}
	if len(per) != 12 || latest != 4 || markers != 8 {
		t.Errorf("%d keys, %d with a current version, %d deleted", len(per), latest, markers)
	}
	for key, n := range per {
		if n != 3 {
			t.Errorf("%s has %d versions", key, n)
		}
	}
	if current := list(t, r, bucket, "drafts/"); len(current) != 4 {
		t.Errorf("current drafts: %q", current)
	}
}

// What an upload said beside its bytes comes back.
func headers(t *testing.T, r run) {
	bucket := r.sum.Bookshop.Buckets["bookshop-invoices"]
	keys := list(t, r, bucket, "invoices/")
	if len(keys) != 300 {
		t.Fatalf("%d invoices", len(keys))
	}
	classes := map[types.StorageClass]int{}
	cache, language := 0, 0
	for _, key := range keys[:40] {
		head := answer(t, pathStyle(r.cfg).HeadObject, &s3.HeadObjectInput{Bucket: &bucket, Key: &key})
		classes[head.StorageClass]++
		if head.Metadata["source"] != "shop" || head.Metadata["order"] == "" || aws.ToString(head.ContentType) != "application/json" {
			t.Fatalf("%s: metadata %v, type %q", key, head.Metadata, aws.ToString(head.ContentType))
		}
		if aws.ToString(head.CacheControl) != "" && strings.Contains(aws.ToString(head.ContentDisposition), "attachment") {
			cache++
		}
		if aws.ToString(head.ContentLanguage) == "de-DE" {
			language++
		}
	}
	if cache == 0 || language == 0 {
		t.Errorf("%d with cache control, %d with a language", cache, language)
	}
	t.Logf("storage classes as the store reports them: %v", classes)
	tags := answer(t, pathStyle(r.cfg).GetObjectTagging, &s3.GetObjectTaggingInput{Bucket: &bucket, Key: &keys[0]}).TagSet
	if len(tags) != 3 {
		t.Errorf("tags of an invoice: %v", tags)
	}
}

func largeObjects(t *testing.T, r run) {
	bucket := r.sum.Bookshop.Buckets["bookshop-invoices"]
	keys := list(t, r, bucket, "archive/")
	if len(keys) != 3 {
		t.Fatalf("large objects: %q", keys)
	}
	sums := map[[32]byte]bool{}
	for _, key := range keys {
		head := answer(t, pathStyle(r.cfg).HeadObject, &s3.HeadObjectInput{Bucket: &bucket, Key: &key})
		// The tag of a multipart object ends with the number of its parts.
		if aws.ToInt64(head.ContentLength) != 32<<20 || !strings.Contains(aws.ToString(head.ETag), "-4") {
			t.Errorf("%s: %d bytes, tag %s", key, aws.ToInt64(head.ContentLength), aws.ToString(head.ETag))
		}
		sums[sha256.Sum256(body(t, r, bucket, key))] = true
	}
	if len(sums) != 3 {
		t.Error("two large objects are the same")
	}
}

// logFiles counts the lines of every log file in the buckets.
func logFiles(t *testing.T, r run) {
	truth := r.sum.Truth.History
	count := func(bucket, prefix string, packed bool, header int) (files, total int) {
		for _, key := range list(t, r, r.sum.Bookshop.Buckets[bucket], prefix) {
			var text io.Reader = bytes.NewReader(body(t, r, r.sum.Bookshop.Buckets[bucket], key))
			if packed {
				unpacked, err := gzip.NewReader(text)
				if err != nil {
					t.Fatal(key, err)
				}
				text = unpacked
			}
			s := bufio.NewScanner(text)
			s.Buffer(nil, 1<<24)
			for s.Scan() {
				total++
			}
			total -= header
			files++
		}
		return files, total
	}
	all := 0
	for _, c := range []struct {
		bucket, prefix string
		packed         bool
		header, want   int
	}{
		{"bookshop-logs", "alb/AWSLogs/123456789012/elasticloadbalancing/us-east-1/", true, 0, truth.AccessLines},
		{"bookshop-logs", "AWSLogs/123456789012/vpcflowlogs/us-east-1/", true, 1, truth.FlowRecords},
		{"bookshop-logs", "s3/covers/", false, 0, truth.BucketLines},
		{"bookshop-logs", "cdn/", true, 2, truth.CDNLines},
		{"bookshop-trail", "AWSLogs/123456789012/CloudTrail/us-east-1/", true, 1, 0},
	} {
		files, got := count(c.bucket, c.prefix, c.packed, c.header)
		all += files
		if got != c.want || files == 0 {
			t.Errorf("%s %s: %d lines in %d files, want %d", c.bucket, c.prefix, got, files, c.want)
		}
	}
	if all != r.sum.LogFiles {
		t.Errorf("%d files, the summary says %d", all, r.sum.LogFiles)
	}
}

// The database's password is in its secret, and in nothing else that can be read.
func passwordStaysInItsSecret(t *testing.T, r run) {
	value := answer(t, secretsmanager.NewFromConfig(r.cfg).GetSecretValue, &secretsmanager.GetSecretValueInput{SecretId: aws.String("bookshop/production/database")})
	var secret struct {
		Host, Username, Password, Engine string
		Port                             int
	}
	if err := json.Unmarshal([]byte(aws.ToString(value.SecretString)), &secret); err != nil {
		t.Fatal(err)
	}
	if secret.Password != password || secret.Host != r.sum.Bookshop.DatabaseEndpoint || secret.Port != r.options.DatabasePort || secret.Engine != "postgres" {
		t.Errorf("the secret's host is %q, port %d, engine %q", secret.Host, secret.Port, secret.Engine)
	}
	for name, text := range readable(t, r) {
		if strings.Contains(text, password) {
			t.Errorf("%s holds the password", name)
		}
	}
	summary, err := json.Marshal(r.sum)
	if err != nil || strings.Contains(string(summary), password) {
		t.Error("the summary holds the password", err)
	}
}
