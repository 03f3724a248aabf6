package cloudtrail

import (
	"context"
	"encoding/csv"
	"errors"
	"io"
	"strings"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/records"
)

// csv takes exports of queries: the header names the fields in lower or mixed
// case; userIdentity is JSON, or a struct in Athena's text form. Columns that a
// query did not select are not known.
func (d *decoder) csv(ctx context.Context, c *records.Content, handle func(*Event) bool) error {
	r := csv.NewReader(bounded{c})
	r.FieldsPerRecord, r.LazyQuotes, r.ReuseRecord = -1, true, true
	header, err := r.Read()
	if err != nil {
		return fault.Newf(fault.Invalid, "read CloudTrail log: neither JSON nor a table")
	}
	columns := make([]string, len(header))
	hits := 0
	for i, name := range header {
		if columns[i] = canonical(name); columns[i] != "" {
			hits++
		}
	}
	if hits < 3 {
		return fault.Newf(fault.Invalid, "read CloudTrail log: neither JSON nor a table of events")
	}
	for n := int64(1); ; n++ {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		c.Result.Lines++
		if err != nil {
			c.Result.Bad(n+1, fault.Newf(fault.Invalid, "read CloudTrail log: a row that is broken"))
			if errors.Is(err, errTooLong) {
				return nil
			}
			continue
		}
		d.reset()
		d.row(columns, row)
		if !d.finish() {
			c.Result.Bad(n+1, fault.Newf(fault.Invalid, "read CloudTrail log: a row without time, source or name"))
			continue
		}
		if handle(&d.e) {
			c.Result.Entries++
		}
	}
}

var errTooLong = errors.New("a row is too long")

// bounded stops a table of one endless quoted field.
type bounded struct{ c *records.Content }

func (b bounded) Read(p []byte) (int, error) { return b.c.Read(p) }

// canonical is the record's spelling of a column's name; "" for one that is of
// no use.
func canonical(name string) string {
	for _, known := range strings.Fields("eventID eventVersion eventType eventCategory eventSource eventName awsRegion sourceIPAddress userAgent errorCode " +
		"recipientAccountId vpcEndpointId eventTime readOnly managementEvent userIdentity requestParameters resources") {
		if strings.EqualFold(strings.Trim(name, "\ufeff \""), known) {
			return known
		}
	}
	return ""
}

func (d *decoder) row(columns, row []string) {
	for i, value := range row {
		if i >= len(columns) || columns[i] == "" || value == "" || value == "null" {
			continue
		}
		switch columns[i] {
		case "userIdentity", "requestParameters", "resources":
			if value[0] == '{' || value[0] == '[' {
				s := scanner{b: []byte(tree(value))}
				_ = d.member(&s, []byte(columns[i]))
			}
		default:
			// As a JSON string without escapes: values of these columns have none.
			s := scanner{b: []byte(`"` + strings.NewReplacer(`"`, "", `\`, "").Replace(value) + `"`)}
			_ = d.member(&s, []byte(columns[i]))
		}
	}
}

// tree turns Athena's form of structs ("{type=AssumedRole, arn=…}") into JSON;
// JSON stays as it is.
func tree(value string) string {
	if strings.Contains(value, `":`) || !strings.Contains(value, "=") {
		return value
	}
	var b strings.Builder
	word := strings.Builder{}
	flush := func() {
		text := strings.TrimSpace(word.String())
		word.Reset()
		if text == "" {
			return
		}
		name, rest, isPair := strings.Cut(text, "=")
		if isPair {
			b.WriteString(quote(spelling(name)) + ":")
			text = rest
		}
		if isPair && text == "" {
			return // a nested value follows
		}
		b.WriteString(quote(text))
	}
	for _, r := range value {
		switch r {
		case '{', '[':
			flush()
			b.WriteRune(r)
		case '}', ']', ',':
			flush()
			b.WriteRune(r)
		default:
			word.WriteRune(r)
		}
	}
	return b.String()
}

func quote(s string) string {
	return `"` + strings.NewReplacer(`"`, "", `\`, "").Replace(s) + `"`
}

// spelling gives the names inside userIdentity their case back, which Athena's
// tables do not keep.
func spelling(name string) string {
	name = strings.TrimSpace(name)
	for _, known := range strings.Fields("type principalId arn accountId userName invokedBy identityProvider sessionContext sessionIssuer webIdFederationData federatedProvider onBehalfOf userId") {
		if strings.EqualFold(name, known) {
			return known
		}
	}
	return name
}
