package objects_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/objects"
	"example.com/landfall/internal/move/objects/blob"
	"example.com/landfall/internal/move/objects/manifest"
	"example.com/landfall/internal/move/objects/name"
	"example.com/landfall/internal/move/objects/s3"
	"example.com/landfall/internal/testkit"
	"example.com/landfall/internal/testkit/objectkit"
)

func TestMain(m *testing.M) { testkit.Main(m, testkit.Body{Name: killedBody, Run: copyUntilKilled}) }

// real is a bucket of a server of S3, a container of an Azurite, and a front of
// each that breaks calls.
type real struct {
	client             *sdk.Client
	bucket             string
	ports              objects.Ports
	ofSource, ofTarget *objectkit.Front
	// container is the URL behind the front, account whose it is.
	container string
	account   testkit.AzuriteAccount
}

func realSides(t *testing.T, fetches bool) *real {
	t.Helper()
	store, account := testkit.ObjectStore(t), testkit.Azurite(t)
	r := &real{client: store.Client(t), bucket: store.Bucket(t), ports: objects.Ports{Folder: t.TempDir(), Journal: &journal{}}}
	path := "/" + strings.ToLower(rand.Text())
	credential, err := container.NewSharedKeyCredential(account.Name, account.Key)
	fatal(t, err)
	maker, err := container.NewClientWithSharedKeyCredential(account.BlobURL+path, credential, &container.ClientOptions{ClientOptions: testkit.AzureOptions(t, nil)})
	fatal(t, err)
	_, err = maker.Create(t.Context(), nil)
	fatal(t, err)

	r.ofSource, err = objectkit.Faults(store.URL, objectkit.OperationOfS3)
	fatal(t, err)
	u, err := url.Parse(account.BlobURL)
	fatal(t, err)
	backend := u.Scheme + "://" + u.Host
	if fetches {
		front, err := objectkit.FromURL(account)
		fatal(t, err)
		backend = objectkit.Serve(t, front)
	}
	r.ofTarget, err = objectkit.Faults(backend, objectkit.OperationOfBlob)
	fatal(t, err)
	config := store.Config(t)
	endpoint := objectkit.Serve(t, r.ofSource)
	config.BaseEndpoint = &endpoint
	r.ports.Source, err = s3.New(t.Context(), s3.Options{Config: config, Bucket: r.bucket, Pause: time.Millisecond})
	fatal(t, err)
	key, err := blob.SharedKey(account.Name, account.Key)
	fatal(t, err)
	r.container, r.account = objectkit.Serve(t, r.ofTarget)+u.Path+path, account
	r.ports.Target, err = blob.New(blob.Options{URL: r.container, Credential: key, Pause: time.Millisecond})
	fatal(t, err)
	return r
}

func fatal(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (r *real) put(t *testing.T, key string, content []byte, metadata map[string]string) {
	t.Helper()
	_, err := r.client.PutObject(t.Context(), &sdk.PutObjectInput{
		Bucket: &r.bucket, Key: &key, Body: bytes.NewReader(content), Metadata: metadata, ChecksumAlgorithm: types.ChecksumAlgorithmCrc64nvme,
	})
	fatal(t, err)
}

// upload puts an object in parts, without a checksum of its own.
func (r *real) upload(t *testing.T, key string, content []byte, size int) {
	t.Helper()
	begun, err := r.client.CreateMultipartUpload(t.Context(), &sdk.CreateMultipartUploadInput{Bucket: &r.bucket, Key: &key})
	fatal(t, err)
	var done []types.CompletedPart
	for from, n := 0, int32(1); from < len(content); from, n = from+size, n+1 {
		part, err := r.client.UploadPart(t.Context(), &sdk.UploadPartInput{
			Bucket: &r.bucket, Key: &key, UploadId: begun.UploadId, PartNumber: &n, Body: bytes.NewReader(content[from:min(from+size, len(content))]),
		})
		fatal(t, err)
		done = append(done, types.CompletedPart{ETag: part.ETag, PartNumber: &n})
	}
	_, err = r.client.CompleteMultipartUpload(t.Context(), &sdk.CompleteMultipartUploadInput{
		Bucket: &r.bucket, Key: &key, UploadId: begun.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: done},
	})
	fatal(t, err)
}

func (r *real) pass(t *testing.T, id string, s objects.Settings, level objects.Level) (map[string]manifest.Line, objects.Result) {
	t.Helper()
	m, err := objects.New(r.ports, s, move.Limits{})
	fatal(t, err)
	var text bytes.Buffer
	var result objects.Result
	if level == "" {
		result, err = m.Copy(t.Context(), objects.Pass{ID: id}, &text)
	} else {
		result, err = m.Verify(t.Context(), objects.Pass{ID: id, Level: level}, &text)
	}
	fatal(t, err)
	return lines(t, text.Bytes()), result
}

func (r *real) fill(t *testing.T) map[string][]byte {
	t.Helper()
	all := map[string][]byte{"empty": nil, "large": body(1, 5<<20), "dir/": nil}
	for i := range 40 {
		all[fmt.Sprintf("dir/%02d", i)] = body(i, i*100)
	}
	for i, key := range []string{"with space", "plus+and&amp", "per%2Fcent", "é", "e\u0301", "𝄞", "\uE001x", "a~b", "q?x=1#y", "CASE", "case"} {
		all[key] = body(100+i, 50)
	}
	for key, content := range all {
		r.put(t, key, content, map[string]string{"who": "me"})
	}
	all["parted"] = body(2, 11<<20)
	r.upload(t, "parted", all["parted"], 5<<20)
	return all
}

func realSettings() objects.Settings {
	return objects.Settings{Source: "s3://b", Target: "az://a/c", Block: 1 << 20, Names: name.Policy{Keys: name.Rename}}
}

// From a real server of S3 into a real Azurite, and again, and verified.
func TestRealServers(t *testing.T) {
	t.Parallel()
	r := realSides(t, false)
	all := r.fill(t)
	got, result := r.pass(t, "first", realSettings(), "")
	for key := range all {
		if line := got[key]; line.Result != manifest.Copied || line.Proof != move.Bound {
			t.Errorf("%q: %s, proof %d: %s", key, line.Result, line.Proof, line.Reason)
		}
	}
	if len(got) != len(all) || result.Err() != nil {
		t.Errorf("%d lines of %d objects, %v, unordered %v", len(got), len(all), result.Err(), result.Unordered)
	}
	_, result = r.pass(t, "second", realSettings(), "")
	if use := result.Use; use.Writes+use.Gets != int64(0) || result.Counts.Results[manifest.Same].Objects != int64(len(all)) {
		t.Errorf("without a change: %+v, %+v", use, result.Counts.Results)
	}
	for _, level := range objects.Levels() {
		_, result = r.pass(t, "verify", realSettings(), level)
		want := move.Recorded
		if level == objects.LevelFull {
			want = move.Read
		}
		if result.Err() != nil || result.Proof < want {
			t.Errorf("%s: %v, %+v", level, result.Err(), result.Counts)
		}
	}
	gone := "dir/07"
	_, err := r.client.DeleteObject(t.Context(), &sdk.DeleteObjectInput{Bucket: &r.bucket, Key: &gone})
	fatal(t, err)
	r.put(t, "dir/08", body(8, 800), map[string]string{"who": "you"})
	s := realSettings()
	s.Delete = objects.DeleteOurs
	got, result = r.pass(t, "third", s, "")
	// The marker of a folder is a directory of the server, which the delete has
	// touched.
	if got[gone].Result != manifest.Deleted || got["dir/08"].Result != manifest.Copied || result.Use.Writes > 2 {
		t.Errorf("%+v, %+v, %+v", got[gone], got["dir/08"], result.Use)
	}
}

// What can go wrong on the way costs time and nothing else.
func TestRealServersWithFaults(t *testing.T) {
	t.Parallel()
	r := realSides(t, false)
	all := r.fill(t)
	r.ofSource.Break(
		objectkit.Rule{Op: "GetObject", From: 3, Times: 2, Fault: objectkit.Fault{Cut: 10}},
		objectkit.Rule{Op: "GetObject", From: 9, Times: 3, Fault: objectkit.Fault{Flip: 5}},
		objectkit.Rule{Op: "GetObject", From: 15, Fault: objectkit.Fault{Off: -1}},
		objectkit.Rule{Op: "GetObject", From: 17, Fault: objectkit.Fault{Off: 1}},
		objectkit.Rule{Op: "GetObject", From: 20, Times: 2, Fault: objectkit.Fault{Status: 503, Code: "SlowDown"}},
	)
	r.ofTarget.Break(
		objectkit.Rule{Op: "PutBlob", From: 2, Times: 2, Fault: objectkit.Fault{Status: 500, Code: "InternalError", After: true}},
		objectkit.Rule{Op: "PutBlob", From: 8, Fault: objectkit.Fault{After: true}},
		objectkit.Rule{Op: "PutBlob", From: 12, Times: 2, Fault: objectkit.Fault{FlipSent: 1}},
		objectkit.Rule{Op: "PutBlock", From: 3, Times: 2, Fault: objectkit.Fault{Status: 503, Code: "ServerBusy"}},
		objectkit.Rule{Op: "PutBlock", From: 6, Fault: objectkit.Fault{FlipSent: 100}},
		objectkit.Rule{Op: "PutBlockList", From: 1, Fault: objectkit.Fault{Status: 500, Code: "InternalError", After: true}},
	)
	got, result := r.pass(t, "first", realSettings(), "")
	for key := range all {
		if line := got[key]; line.Result != manifest.Copied {
			t.Errorf("%q: %s: %s", key, line.Result, line.Reason)
		}
	}
	r.ofSource.Break()
	r.ofTarget.Break()
	if _, verified := r.pass(t, "verify", realSettings(), objects.LevelFull); verified.Err() != nil || verified.Proof != move.Read {
		t.Errorf("%v, %+v", verified.Err(), verified.Counts)
	}
	if result.Err() != nil {
		t.Error(result.Err())
	}
}

// The target fetches by itself, through a front that stands in for what Azurite
// does not do.
func TestRealServersServerSide(t *testing.T) {
	t.Parallel()
	r := realSides(t, true)
	r.put(t, "large", body(1, 5<<20), nil)
	s := realSettings()
	s.Path = objects.EitherPath
	got, result := r.pass(t, "first", s, "")
	if got["large"].Result != manifest.Copied || got["large"].Proof != move.Bound || result.Path != "" {
		t.Errorf("%+v, path %q", got["large"], result.Path)
	}
	if _, verified := r.pass(t, "verify", s, objects.LevelFull); verified.Proof != move.Read {
		t.Errorf("%+v", verified.Counts)
	}
	plain := realSides(t, false)
	plain.put(t, "large", body(1, 5<<20), nil)
	if got, result = plain.pass(t, "first", s, ""); got["large"].Result != manifest.Copied || result.Path == "" || strings.Contains(result.Path, "X-Amz") {
		t.Errorf("%+v, path %q", got["large"], result.Path)
	}
}
