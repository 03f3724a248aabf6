package azure

import (
	"context"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"example.com/landfall/internal/fault"
)

// Manager reads and writes single resources by their ids, for drivers of other
// ports that lead or measure what was deployed.
type Manager struct{ client *client }

// NewManager returns a manager for the settings. It makes no request. Error
// kinds: fault.Invalid (settings), fault.Denied (no credentials).
func NewManager(s Settings) (*Manager, error) {
	c, err := connect(s)
	if err != nil {
		return nil, err
	}
	return &Manager{c}, nil
}

// Read decodes the resource with the id, in an API version, into a value.
func (m *Manager) Read(ctx context.Context, id, version string, into any) error {
	if _, err := m.client.get(ctx, id, version, into); err != nil {
		return fault.Of(classify(ctx, err), "read", id, brief(err))
	}
	return nil
}

// Write puts the body of a resource that answers at once, and decodes what it
// came to.
func (m *Manager) Write(ctx context.Context, id, version string, body, into any) error {
	request, err := runtime.NewRequest(ctx, http.MethodPut, runtime.JoinPaths(m.client.arm.Endpoint(), id))
	if err != nil {
		return fault.Of(fault.Invalid, "write", id, err)
	}
	query := request.Raw().URL.Query()
	query.Set("api-version", version)
	request.Raw().URL.RawQuery = query.Encode()
	if err := runtime.MarshalAsJSON(request, body); err != nil {
		return fault.Of(fault.Invalid, "write", id, err)
	}
	response, err := m.client.arm.Pipeline().Do(request)
	if err == nil && !runtime.HasStatusCode(response, http.StatusOK, http.StatusCreated) {
		err = runtime.NewResponseError(response)
	}
	if err == nil {
		err = runtime.UnmarshalAsJSON(response, into)
	}
	if err != nil {
		return fault.Of(classify(ctx, err), "write", id, brief(err))
	}
	return nil
}
