package files_test

import (
	"strings"
	"testing"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/source/files"
	"example.com/landfall/internal/source/files/document"
)

// What is often given by mistake is named, with what to do about it.
func TestStrangers(t *testing.T) {
	t.Parallel()
	reader := files.NewReader()
	for name, x := range map[string]struct{ text, hint string }{
		"printed plan":    {"aws_sqs_queue.jobs: Refreshing state... [id=jobs]\n\nTerraform will perform the following actions:\n  + resource \"aws_sqs_queue\" \"more\" {\n", "terraform show -json"},
		"flow log header": {"version account-id interface-id srcaddr dstaddr\n2 111122223333 eni-7 10.0.0.1 10.0.0.2\n", "--flow-logs"},
		"flow log":        {"2 111122223333 eni-7 10.0.0.1 10.0.0.2 40000 443 6 5 500 1700000000 1700000060 ACCEPT OK\n", "--flow-logs"},
		"trail":           {`{"Records": [{"eventVersion": "1.08", "eventSource": "sqs.amazonaws.com", "eventName": "SendMessage"}]}`, "--cloudtrail"},
		"event":           {`{"eventVersion": "1.08", "userIdentity": {}, "eventSource": "sqs.amazonaws.com", "eventName": "SendMessage"}`, "--cloudtrail"},
	} {
		format, err := reader.Recognise(document.Bytes("plan.json", []byte(x.text), document.Limits{}))
		if err == nil || !strings.Contains(fault.HintOf(err), x.hint) {
			t.Errorf("%s: %q, %v, hint %q", name, format, err, fault.HintOf(err))
		}
	}
}
