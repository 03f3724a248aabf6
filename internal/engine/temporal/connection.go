package temporal

import (
	"context"

	"go.temporal.io/sdk/client"

	"example.com/landfall/internal/engine/host"
)

// Connection is a connection to a server.
type Connection struct{ client client.Client }

// Connect connects, and checks that the server answers. Kinds of error are
// those of host.Dial.
func Connect(ctx context.Context, c host.Config) (*Connection, error) {
	dialled, err := host.Dial(ctx, c)
	if err != nil {
		return nil, err
	}
	return &Connection{dialled}, nil
}

// Runs speaks with the runs of a queue.
func (c *Connection) Runs(queue string) *Client { return NewClient(c.client, queue) }

// Work carries out what is asked of a queue until ctx ends.
func (c *Connection) Work(ctx context.Context, o WorkerOptions) error {
	w := NewWorker(c.client, o)
	if err := w.Start(); err != nil {
		return err
	}
	<-ctx.Done()
	w.Stop()
	return nil
}

// Close ends the connection.
func (c *Connection) Close() { c.client.Close() }
