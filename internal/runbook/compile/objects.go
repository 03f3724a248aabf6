package compile

import (
	"cmp"
	"fmt"

	"example.com/landfall/internal/runbook"
)

// The policies for names that Azure cannot hold. What nobody has decided fails:
// an object that is left out, or called otherwise, is one that the workload looks
// for in vain.
const (
	namesFail    = "fail"
	namesRename  = "rename"
	namesExclude = "exclude"
)

// policies are those of a bucket; nothing else has any.
func (b *book) policies(s *set, said DataChoice) {
	if s.Kind == "objects" {
		s.names, s.metadata = cmp.Or(said.Names, namesFail), cmp.Or(said.Metadata, namesFail)
		return
	}
	if said.Names != "" || said.Metadata != "" {
		b.find(runbook.Finding{ID: "names:" + s.ID, Text: fmt.Sprintf("landfall.yaml says what happens to names of objects in %s, and %s has no objects", s.name, s.Kind), Do: "take names and metadata out of its entry under runbook.data: only a bucket has them", Blocks: true})
	}
}

// withPolicies adds the policies to the inputs of a step, so that whoever
// approves the runbook approves them.
func (s *set) withPolicies(inputs map[string]any) map[string]any {
	if s.names != "" {
		inputs["names"], inputs["metadata"] = s.names, s.metadata
	}
	return inputs
}

// policyWords tell a person what happens to names that Azure cannot hold, and how
// it is decided otherwise.
func policyWords(s *set) string {
	keys := map[string]string{
		namesFail:    "are not copied and fail the step, which names them, when the rest is copied",
		namesRename:  "get another name, by the rule of docs/reference/object-names.md",
		namesExclude: "are left out and listed",
	}
	parts := map[string]string{
		namesFail:    "keep their object from being copied and fail the step",
		namesRename:  "get another name",
		namesExclude: "are left off the blob and listed",
	}
	return fmt.Sprintf("keys that Azure cannot hold %s (names: %s), metadata, tags and headers %s (metadata: %s): runbook.data in landfall.yaml decides, at of: %q", keys[s.names], s.names, parts[s.metadata], s.metadata, s.ID)
}
