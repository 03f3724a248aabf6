// Package page prints a runbook for the people who approve and carry it out:
// runbook.md with everything in words, and runbook.svg with the timeline. It
// decides nothing; the same runbook gives the same bytes.
package page
