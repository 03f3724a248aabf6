package designtest

import (
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
)

// Swept is a workload in which the properties of one kind are set one by one,
// and those that have no meaning at the target, with the reason. Its other
// members are those of Sweep.
type Swept struct {
	Of                      cloud.Kind
	Only, Template, Excused string
	Try                     map[string]any
	Apart                   bool
}

// Noticed sets every property that CloudFormation knows of the kinds: none may
// be dropped without a word.
func Noticed(t *testing.T, families func() []design.Family, list ...Swept) {
	t.Helper()
	for _, one := range list {
		t.Run(string(one.Of)+" "+one.Only, func(t *testing.T) {
			t.Parallel()
			sweep := Sweep{Families: families(), Of: one.Of, Template: one.Template, Only: one.Only, Try: one.Try, Apart: one.Apart}
			Excused(t, sweep.Unnoticed(t), one.Excused)
		})
	}
}
