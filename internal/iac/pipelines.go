package iac

import (
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/iac/pipeline"
)

// PipelineOptions and PipelineEnvironment are those of package pipeline.
type (
	PipelineOptions     = pipeline.Options
	PipelineEnvironment = pipeline.Environment
)

// Pipelines finds the pipelines of an application's checkout, given by path,
// and writes the delivery to Azure beside them, below "pipelines". Findings are
// what a person has to decide.
func Pipelines(files map[string][]byte, d *design.Design, o PipelineOptions) ([]design.File, []design.Finding, error) {
	return pipeline.Write(files, d, o)
}
