package seed

import "encoding/json"

// statement is one statement of an IAM, resource or key policy.
type statement struct {
	Sid       string         `json:"Sid,omitempty"`
	Effect    string         `json:"Effect"`
	Principal any            `json:"Principal,omitempty"`
	Action    any            `json:"Action"`
	Resource  any            `json:"Resource,omitempty"`
	Condition map[string]any `json:"Condition,omitempty"`
}

// document is the JSON text of a policy.
func document(statements ...statement) string {
	return mustJSON(struct {
		Version   string      `json:"Version"`
		Statement []statement `json:"Statement"`
	}{"2012-10-17", statements})
}

// mustJSON encodes a value this package wrote out itself: strings, lists and
// maps of them, which cannot be refused.
func mustJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic("encode a document of the seed: " + err.Error())
	}
	return string(b)
}

// trust is the trust policy of a role for one AWS service.
func trust(service string) string {
	return document(statement{Effect: "Allow", Principal: map[string]any{"Service": service}, Action: "sts:AssumeRole"})
}
