package codec

import (
	"context"

	common "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

	"example.com/landfall/internal/fault"
)

// blocking is a data converter that keeps a run from failing because its worker
// cannot open a payload. The SDK ends a workflow whose input cannot be read; a
// run of weeks would be over, without going back, because one worker has
// another keyring. A panic fails the task alone, which is tried again until a
// worker with the keyring gets it.
type blocking struct {
	converter.DataConverter
	// inside says that it converts for a workflow.
	inside bool
}

var _ workflow.ContextAware = blocking{}

// WithWorkflowContext returns the converter of a workflow.
func (b blocking) WithWorkflowContext(workflow.Context) converter.DataConverter {
	return blocking{b.DataConverter, true}
}

// WithContext returns the converter of everybody else.
func (b blocking) WithContext(context.Context) converter.DataConverter { return b }

// FromPayload reads one value.
func (b blocking) FromPayload(payload *common.Payload, into any) error {
	return b.block(b.DataConverter.FromPayload(payload, into))
}

// FromPayloads reads several values.
func (b blocking) FromPayloads(payloads *common.Payloads, into ...any) error {
	return b.block(b.DataConverter.FromPayloads(payloads, into...))
}

func (b blocking) block(err error) error {
	if b.inside && (fault.Is(err, fault.Denied) || fault.Is(err, fault.Invalid)) {
		panic(err)
	}
	return err
}
