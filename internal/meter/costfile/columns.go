package costfile

import (
	"errors"
	"strings"
	"time"
)

// columns are where a report has what is needed; -1 is not there.
type columns struct {
	resource, start, end, cost, currency, kind, service int
	n                                                   int
}

// names of the columns, in the three forms; compared without case and without
// what separates words.
func names(want string) []string {
	switch want {
	case "resource":
		return []string{"lineitemresourceid", "resourceid"}
	case "start":
		return []string{"lineitemusagestartdate", "chargeperiodstart"}
	case "end":
		return []string{"lineitemusageenddate", "chargeperiodend"}
	case "cost":
		return []string{"lineitemunblendedcost", "billedcost"}
	case "currency":
		return []string{"lineitemcurrencycode", "billingcurrency"}
	case "kind":
		return []string{"lineitemlineitemtype", "chargecategory"}
	case "service":
		return []string{"lineitemproductcode", "servicename"}
	}
	return nil
}

func plainName(s string) string {
	return strings.NewReplacer("/", "", "_", "", " ", "", "\ufeff", "", `"`, "").Replace(strings.ToLower(s))
}

// find reads the header line.
func find(header []string) (columns, error) {
	at := func(want string) int {
		for _, name := range names(want) {
			for i, h := range header {
				if plainName(h) == name {
					return i
				}
			}
		}
		return -1
	}
	c := columns{at("resource"), at("start"), at("end"), at("cost"), at("currency"), at("kind"), at("service"), len(header)}
	if c.resource < 0 || c.start < 0 || c.cost < 0 {
		return c, errors.New("the header names no resource id, start and unblended cost: a Cost and Usage Report with resource ids is needed")
	}
	return c, nil
}

func field(record []string, i int) string {
	if i < 0 || i >= len(record) {
		return ""
	}
	return strings.TrimSpace(record[i])
}

// when reads the times of reports.
func when(s string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05.000Z", "2006-01-02 15:04:05.000", "2006-01-02 15:04:05", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil && t.Year() >= 2006 && t.Year() < 2200 {
			return t.UTC(), nil
		}
	}
	return time.Time{}, errors.New("the start is no time")
}

// counts reports whether a line is for using something: taxes, refunds and the
// fees of commitments are no cost of running the resource.
func counts(kind string) bool {
	switch strings.ToLower(kind) {
	case "tax", "refund", "credit", "fee", "rifee", "savingsplanrecurringfee", "savingsplanupfrontfee", "savingsplannegation", "edpdiscount", "adjustment", "purchase":
		return false
	}
	return true
}
