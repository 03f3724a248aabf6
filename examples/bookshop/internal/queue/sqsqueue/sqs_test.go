package sqsqueue_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"example.com/landfall/examples/bookshop/internal/queue"
	"example.com/landfall/examples/bookshop/internal/queue/queuetest"
	"example.com/landfall/examples/bookshop/internal/queue/sqsqueue"
	"example.com/landfall/examples/bookshop/internal/trouble"
	"example.com/landfall/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// create makes a queue and returns its URL without the scheme.
func create(t *testing.T, cfg aws.Config, name string, attributes map[string]string) string {
	t.Helper()
	out, err := sqs.NewFromConfig(cfg).CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	if err != nil {
		t.Fatal(err)
	}
	_, address, _ := strings.Cut(aws.ToString(out.QueueUrl), "://")
	return address
}

func open(t *testing.T, cfg aws.Config, address string) queue.Queue {
	t.Helper()
	q, err := sqsqueue.Open(cfg, address)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func TestConformance(t *testing.T) {
	t.Parallel()
	server := testkit.SharedMoto(t)
	cfg := server.Config(t)
	dead := create(t, cfg, "dead", nil)
	orders := create(t, cfg, "orders", map[string]string{
		"RedrivePolicy": `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:` + server.Account + `:dead","maxReceiveCount":"5"}`,
	})
	queuetest.Suite(t, queuetest.Under{
		Queue: open(t, cfg, orders), Dead: open(t, cfg, dead), Absent: open(t, cfg, strings.Replace(orders, "orders", "absent", 1)),
	})
}

func TestBuryingNeedsARedrivePolicy(t *testing.T) {
	t.Parallel()
	cfg := testkit.SharedMoto(t).Config(t)
	q := open(t, cfg, create(t, cfg, "plain", nil))
	if err := q.Bury(t.Context(), queue.Message{ID: "1", Body: "x"}); !trouble.Is(err, trouble.Invalid) || !strings.Contains(err.Error(), "redrive") {
		t.Errorf("got %v, want one that names the redrive policy", err)
	}
}

func TestOpenWantsTheWholeAddress(t *testing.T) {
	t.Parallel()
	if _, err := sqsqueue.Open(aws.Config{}, "orders"); !trouble.Is(err, trouble.Usage) {
		t.Errorf("got %v", err)
	}
}
