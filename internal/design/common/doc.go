// Package common puts the target resources that a workload has one of and
// several families lean on: the key vault, the Log Analytics workspace, the
// action group, Application Insights; and what is put beside other resources
// by one form: role assignments and diagnostic settings.
//
// It decides nothing about source resources. Every function may be called any
// number of times and puts its resource on the first. The families of package
// design call it.
package common
