// Package runbook is the plan as a value: the steps that carry a workload from
// the source to the target, what each needs, what undoes it, and when. It holds
// the model of runbook.json, its order and its checks. Compiling one from a
// design is runbook/compile, running one is engine; nothing here does I/O.
package runbook
