package azurequeue_test

import (
	"testing"

	"example.com/landfall/examples/bookshop/internal/azureaccount"
	"example.com/landfall/examples/bookshop/internal/queue/azurequeue"
	"example.com/landfall/examples/bookshop/internal/queue/queuetest"
	"example.com/landfall/examples/bookshop/internal/trouble"
	"example.com/landfall/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

func TestConformance(t *testing.T) {
	t.Parallel()
	server := testkit.Azurite(t)
	account, err := azureaccount.New(azureaccount.Settings{ConnectionString: server.ConnectionString}, server.Name)
	if err != nil {
		t.Fatal(err)
	}
	q := azurequeue.Open(account, "orders")
	for range 2 { // creating it again is no error
		if err := q.Create(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	queuetest.Suite(t, queuetest.Under{Queue: q, Dead: azurequeue.Open(account, "orders-poison"), Absent: azurequeue.Open(account, "absent")})
}

func TestWrongKeyIsDenied(t *testing.T) {
	t.Parallel()
	server := testkit.Azurite(t)
	account, err := azureaccount.New(azureaccount.Settings{Name: server.Name, Key: "d3Jvbmc=", QueueEndpoint: server.QueueURL}, server.Name)
	if err != nil {
		t.Fatal(err)
	}
	if err := azurequeue.Open(account, "orders").Check(t.Context()); !trouble.Is(err, trouble.Denied) {
		t.Errorf("got %v, want denied", err)
	}
}

func TestNobodyThere(t *testing.T) {
	t.Parallel()
	account, err := azureaccount.New(azureaccount.Settings{Name: "a", Key: "d3Jvbmc=", QueueEndpoint: "http://127.0.0.1:1/a"}, "a")
	if err != nil {
		t.Fatal(err)
	}
	if err := azurequeue.Open(account, "orders").Check(t.Context()); !trouble.Is(err, trouble.Unavailable) {
		t.Errorf("got %v, want unavailable", err)
	}
}
