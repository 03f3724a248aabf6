package files

import (
	"bytes"
	"slices"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/source/files/document"
)

// stranger knows texts that are often given by mistake, and says what to do
// with them: what Terraform prints for people, and logs.
func stranger(text []byte) error {
	head := text[:min(len(text), 16<<10)]
	for _, sentence := range []string{
		"Terraform will perform the following actions", "Terraform used the selected providers", "Terraform used provider selections",
		"An execution plan has been generated", "No changes. Your infrastructure matches", ": Refreshing state...",
	} {
		if bytes.Contains(head, []byte(sentence)) {
			return fault.Newf(fault.Unsupported, "recognise the format: it is a plan as Terraform prints it for people").
				Hintf("run: terraform show -json PLANFILE > plan.json")
		}
	}
	line, _, _ := bytes.Cut(head, []byte("\n"))
	fields := bytes.Fields(line)
	if len(fields) < 3 || bytes.ContainsAny(line, `{":`) {
		return nil
	}
	names := func(name string) bool {
		return slices.ContainsFunc(fields, func(field []byte) bool { return string(field) == name })
	}
	if names("srcaddr") || names("interface-id") || names("ACCEPT") || names("NODATA") {
		return fault.Newf(fault.Unsupported, "recognise the format: it is a VPC flow log").Hintf("give it as --flow-logs PATH")
	}
	return nil
}

// strangeJSON is stranger for JSON with these members.
func strangeJSON(s *shape) error {
	switch {
	case s.members["Records"] == document.List && len(s.names) == 1,
		s.has("eventSource", "eventVersion") && s.has("eventName") && s.has("userIdentity"):
		return fault.Newf(fault.Unsupported, "recognise the format: it holds CloudTrail records").Hintf("give it as --cloudtrail PATH")
	}
	return nil
}
