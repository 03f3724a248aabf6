package codec_test

import (
	"testing"

	"go.temporal.io/sdk/workflow"

	"example.com/landfall/internal/engine/codec"
	"example.com/landfall/internal/fault"
)

// A workflow whose worker has another keyring breaks off, so that its task is
// tried again; everybody else gets an error.
func TestUnreadablePayloadsBlockAWorkflow(t *testing.T) {
	t.Parallel()
	sealing, _, err := codec.Converters(codec.NewKeyring())
	if err != nil {
		t.Fatal(err)
	}
	other, _, err := codec.Converters(codec.NewKeyring())
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := sealing.ToPayloads("the plan")
	if err != nil {
		t.Fatal(err)
	}
	var text string
	if err := other.FromPayloads(sealed, &text); !fault.Is(err, fault.Denied) {
		t.Errorf("outside a workflow: %v", err)
	}
	aware, ok := other.(workflow.ContextAware)
	if !ok {
		t.Fatal("the converter does not know of workflows")
	}
	defer func() {
		if recover() == nil {
			t.Error("a workflow would fail")
		}
	}()
	_ = aware.WithWorkflowContext(nil).FromPayloads(sealed, &text)
}
