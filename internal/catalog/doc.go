// Package catalog holds facts about the two clouds as embedded data: which
// Azure service answers to which AWS kind, and how far. Each file names where
// its facts come from. The package does no I/O and decides nothing; packages
// assess and design draw the conclusions.
package catalog
