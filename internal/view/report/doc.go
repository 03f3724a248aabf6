// Package report writes assessment.html: one page that holds everything an
// assessment found, for people who were not there. It loads nothing from
// anywhere, runs under a policy that forbids it to, and shows first what could
// not be read. Text from the account is escaped by html/template alone.
package report
