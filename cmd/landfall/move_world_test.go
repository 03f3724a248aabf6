package main

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/rogpeppe/go-internal/testscript"

	"example.com/landfall/internal/testkit"
	"example.com/landfall/internal/testkit/objectkit"
)

// control is the AWS control plane of the scripts: its queues, and the one S3
// here that knows storage classes and restores.
type control struct {
	queues *sqs.Client
	s3     *s3.Client
}

func newControl(server testkit.MotoServer, t testing.TB) control {
	config := server.Config(t)
	return control{sqs.NewFromConfig(config), s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = true })}
}

// fetching stands before the account and carries out what Azurite does not; its
// connection string is what $FETCHING holds.
func fetching(t testing.TB, account testkit.AzuriteAccount) string {
	front, err := objectkit.FromURL(account)
	if err != nil {
		t.Fatal(err)
	}
	was, err := url.Parse(account.BlobURL)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(account.ConnectionString, was.Scheme+"://"+was.Host, objectkit.Serve(t, front))
}

// queue NAME makes a queue and puts its URL into $QUEUE.
func (c control) queue(ts *testscript.TestScript, _ bool, args []string) {
	made, err := c.queues.CreateQueue(context.Background(), &sqs.CreateQueueInput{QueueName: &args[0]})
	ts.Check(err)
	ts.Setenv("QUEUE", aws.ToString(made.QueueUrl))
}

// tell BUCKET KEY sends the event that S3 sends when an object was put, in the
// form of "Event message structure" (Amazon S3 User Guide).
func (c control) tell(ts *testscript.TestScript, _ bool, args []string) {
	body := fmt.Sprintf(`{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":"us-east-1","eventTime":%q,"eventName":"ObjectCreated:Put",`+
		`"s3":{"s3SchemaVersion":"1.0","bucket":{"name":%q,"arn":"arn:aws:s3:::%[2]s"},"object":{"key":%q,"sequencer":"0055AED6DCD90281E5"}}}]}`,
		time.Now().UTC().Format(time.RFC3339Nano), args[0], args[1])
	queue := ts.Getenv("QUEUE")
	_, err := c.queues.SendMessage(context.Background(), &sqs.SendMessageInput{QueueUrl: &queue, MessageBody: &body})
	ts.Check(err)
}

// awaitDrained waits until the queue has no message left, hidden ones included:
// each was deleted.
func (c control) awaitDrained(ts *testscript.TestScript, _ bool, _ []string) {
	queue := ts.Getenv("QUEUE")
	eventually(ts, "messages are left in the queue", func() bool {
		got, err := c.queues.GetQueueAttributes(context.Background(), &sqs.GetQueueAttributesInput{QueueUrl: &queue, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameAll}})
		ts.Check(err)
		return got.Attributes["ApproximateNumberOfMessages"] == "0" && got.Attributes["ApproximateNumberOfMessagesNotVisible"] == "0"
	})
}

// classed BUCKET KEY TEXT CLASS puts an object of a storage class into a bucket
// of the control plane, which is made where it is not there.
func (c control) classed(ts *testscript.TestScript, _ bool, args []string) {
	_, err := c.s3.CreateBucket(context.Background(), &s3.CreateBucketInput{Bucket: &args[0]})
	ts.Check(err)
	_, err = c.s3.PutObject(context.Background(), &s3.PutObjectInput{Bucket: &args[0], Key: &args[1], Body: bytes.NewReader([]byte(args[2])), StorageClass: types.StorageClass(args[3])})
	ts.Check(err)
}

// versioned BUCKET keeps the versions of its objects from here on.
func (w moveWorld) versioned(ts *testscript.TestScript, _ bool, args []string) {
	_, err := w.s3.PutBucketVersioning(context.Background(), &s3.PutBucketVersioningInput{Bucket: &args[0],
		VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}})
	ts.Check(err)
}

// awaitBlob CONTAINER NAME waits until there is a blob.
func (w moveWorld) awaitBlob(ts *testscript.TestScript, _ bool, args []string) {
	client := w.azure.ServiceClient().NewContainerClient(args[0]).NewBlobClient(args[1])
	eventually(ts, "there is no blob "+args[1], func() bool {
		_, err := client.GetProperties(context.Background(), nil)
		return err == nil
	})
}

// hours puts into $OPEN hours of the day that it is within, and into $CLOSED
// those that it is not, both for an hour at least.
func hours(ts *testscript.TestScript, _ bool, _ []string) {
	at := func(d time.Duration) string { return time.Now().Add(d).Format("15:04") }
	ts.Setenv("OPEN", at(-2*time.Hour)+"-"+at(2*time.Hour))
	ts.Setenv("CLOSED", at(2*time.Hour)+"-"+at(-2*time.Hour))
}

// eventually waits for a condition.
func eventually(ts *testscript.TestScript, why string, done func() bool) {
	const tries = 2400
	for range tries {
		if done() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	ts.Fatalf("%s", why)
}

// awaitLedger KIND waits until the workspace's ledger has an entry of a kind.
func awaitLedger(ts *testscript.TestScript, _ bool, args []string) {
	eventually(ts, "the ledger has no "+args[0], func() bool {
		return ts.Exec("landfall", "ledger", "list", "--kind", args[0]) == nil && strings.Contains(ts.ReadFile("stdout"), args[0])
	})
}
