package compute

import (
	"encoding/json"
	"reflect"
)

// tree turns a model of the SDK into the form that bodies have once they are
// put.
func tree(model any) any {
	encoded, err := json.Marshal(model)
	if err != nil {
		return nil // the SDK's models have no member that cannot be written
	}
	var out any
	if json.Unmarshal(encoded, &out) != nil {
		return nil
	}
	return out
}

func equal(a, b any) bool { return reflect.DeepEqual(a, b) }
