package main

import (
	"bytes"
	"context"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/rogpeppe/go-internal/testscript"

	"example.com/landfall/internal/testkit"
)

// TestMoveScripts runs the product against real servers of S3 and Blob.
func TestMoveScripts(t *testing.T) {
	store, account := testkit.OwnObjectStore(t), testkit.OwnAzurite(t, "stscript")[0]
	client := store.Client(t)
	blobs, err := azblob.NewClientFromConnectionString(account.ConnectionString, nil)
	if err != nil {
		t.Fatal(err)
	}
	w, moto := moveWorld{client, blobs}, testkit.Moto(t)
	c, front := newControl(moto, t), fetching(t, account)
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "move"), UpdateScripts: *update, RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			for name, value := range map[string]string{
				"HOME": e.WorkDir, "AWS_EC2_METADATA_DISABLED": "true", "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": store.URL, "AWS_ACCESS_KEY_ID": store.Key,
				"AWS_SECRET_ACCESS_KEY": store.Secret, "AZURE_TOKEN_CREDENTIALS": "EnvironmentCredential", "AZURE_STORAGE_CONNECTION_STRING": account.ConnectionString,
				// Buckets and containers are shared by the scripts: each has names of its own.
				"AWS_ENDPOINT_URL_SQS": moto.URL, "MOTO": moto.URL, "FETCHING": front,
				"B": strings.ReplaceAll(strings.TrimPrefix(filepath.Base(e.WorkDir), "script-"), "_", "-"),
			} {
				e.Setenv(name, value)
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "bucket": w.bucket, "object": w.object, "container": w.container, "blob": w.blob, "planned-move": plannedMove, "await-staged": w.awaitStaged, "await-following": awaitFollowing,
			"queue": c.queue, "tell": c.tell, "await-drained": c.awaitDrained, "classed": c.classed, "versioned": w.versioned, "await-blob": w.awaitBlob, "hours": hours, "signers": signers, "await-ledger": awaitLedger},
	})
}

// moveWorld is what scripts do at both sides that landfall does not.
type moveWorld struct {
	s3    *s3.Client
	azure *azblob.Client
}

// bucket NAME makes a bucket.
func (w moveWorld) bucket(ts *testscript.TestScript, _ bool, args []string) {
	_, err := w.s3.CreateBucket(context.Background(), &s3.CreateBucketInput{Bucket: &args[0]})
	ts.Check(err)
}

// object put BUCKET KEY TEXT [TIMES], or object rm BUCKET KEY. A key is escaped as
// in a URL.
func (w moveWorld) object(ts *testscript.TestScript, _ bool, args []string) {
	key, err := url.PathUnescape(args[2])
	ts.Check(err)
	if args[0] == "rm" {
		_, err = w.s3.DeleteObject(context.Background(), &s3.DeleteObjectInput{Bucket: &args[1], Key: &key})
		ts.Check(err)
		return
	}
	text := []byte(args[3])
	if len(args) > 4 {
		times, err := strconv.Atoi(args[4])
		ts.Check(err)
		text = bytes.Repeat(text, times)
	}
	_, err = w.s3.PutObject(context.Background(), &s3.PutObjectInput{Bucket: &args[1], Key: &key, Body: bytes.NewReader(text), ChecksumAlgorithm: types.ChecksumAlgorithmCrc64nvme})
	ts.Check(err)
}

// container NAME makes a container.
func (w moveWorld) container(ts *testscript.TestScript, _ bool, args []string) {
	_, err := w.azure.CreateContainer(context.Background(), args[0], nil)
	ts.Check(err)
}

// blob put CONTAINER NAME TEXT, blob rm CONTAINER NAME, or blob bend CONTAINER
// NAME TEXT, which changes the content and keeps the metadata.
func (w moveWorld) blob(ts *testscript.TestScript, _ bool, args []string) {
	ctx := context.Background()
	name, err := url.PathUnescape(args[2])
	ts.Check(err)
	client := w.azure.ServiceClient().NewContainerClient(args[1]).NewBlobClient(name)
	switch args[0] {
	case "rm":
		_, err = client.Delete(ctx, nil)
	case "put":
		_, err = w.azure.UploadBuffer(ctx, args[1], name, []byte(args[3]), nil)
	case "bend":
		var was blob.GetPropertiesResponse
		if was, err = client.GetProperties(ctx, nil); err == nil {
			_, err = w.azure.UploadBuffer(ctx, args[1], name, []byte(args[3]), &azblob.UploadBufferOptions{Metadata: was.Metadata})
		}
	default:
		ts.Fatalf("blob put|rm|bend")
	}
	ts.Check(err)
}

// plannedMove puts the fingerprint of the plan on standard output into $PLAN.
func plannedMove(ts *testscript.TestScript, _ bool, _ []string) {
	found := regexp.MustCompile(`sha256:[0-9a-f]{64}`).FindString(ts.ReadFile("stdout"))
	if found == "" {
		ts.Fatalf("no fingerprint on standard output")
	}
	ts.Setenv("PLAN", found)
}

// awaitStaged CONTAINER BLOB waits until so much of a large blob is staged that
// a kill finds work half done.
func (w moveWorld) awaitStaged(ts *testscript.TestScript, _ bool, args []string) {
	client := w.azure.ServiceClient().NewContainerClient(args[0]).NewBlockBlobClient(args[1])
	eventually(ts, "nothing is staged for "+args[1], func() bool {
		list, err := client.GetBlockList(context.Background(), blockblob.BlockListTypeUncommitted, nil)
		return err == nil && len(list.UncommittedBlocks) > 0
	})
}

// awaitFollowing waits until a process in the background has made a pass and
// written down how far behind it is.
func awaitFollowing(ts *testscript.TestScript, _ bool, _ []string) {
	eventually(ts, "nothing follows", func() bool {
		found, _ := filepath.Glob(ts.MkAbs(".landfall/objects/*/lag.json"))
		return len(found) > 0
	})
}
