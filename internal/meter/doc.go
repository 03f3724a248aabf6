// Package meter is the port to whatever measures how well something runs:
// CloudWatch, access logs, a load probe, a cost file. A driver turns a request
// (which resources, over which window) into measurements of package kpi and
// lists by name what it could not measure.
//
// It computes no baseline (package kpi does) and judges nothing. Callers are
// the verbs of package app; drivers live below it and never see each other.
package meter
