package discovery

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/inventory/kinds"
	"example.com/landfall/internal/source"
	"example.com/landfall/internal/source/files/format"
)

// Read reads an export of any of the three forms. Its error ends the scan.
func Read(ctx context.Context, q format.Request, to source.Sink) error {
	out := format.NewOutput(to, inventory.WorkloadDiscovery, q.Document)
	return out.Finish(read(ctx, q, out))
}

func read(ctx context.Context, q format.Request, out *format.Output) error {
	head, err := q.Document.Head(4096)
	if err != nil && len(head) == 0 {
		return err
	}
	switch head = bytes.TrimSpace(head); {
	case len(head) == 0:
		return fault.Newf(fault.Invalid, "read export: the file is empty")
	case head[0] == '{' || head[0] == '[':
		return readGraph(ctx, q, out)
	case head[0] == '<' || bytes.Contains(head, []byte("#R")):
		return readDrawing(ctx, q, out)
	}
	return readTable(ctx, q, out)
}

// TableHeader reports whether a line is the header of the CSV.
func TableHeader(header []string) bool {
	lower := make([]string, len(header))
	for i, name := range header {
		lower[i] = strings.ToLower(name)
	}
	return len(lower) >= 5 && slices.Equal(lower[:4], []string{"type", "name", "accountid", "region"}) && strings.Contains(lower[len(lower)-1], "cost")
}

func readTable(ctx context.Context, q format.Request, out *format.Output) error {
	return format.Rows(ctx, q, func(header []string) error {
		if !TableHeader(header) {
			return fault.Newf(fault.Invalid, "read export: the header is %q, not type;name;accountId;region;estimatedCost", format.Cut(strings.Join(header, ";"))).
				Hintf("a table of another tool is given as --from resource-list=PATH")
		}
		return nil
	}, func(cells []string, place string) error { return row(q, out, cells, place) })
}

// row reads type, name, account, region, and then whatever is there: an ARN, a
// cost.
func row(q format.Request, out *format.Output, record []string, place string) error {
	if len(record) < 4 {
		out.Refused(place, fault.Newf(fault.Invalid, "read row: %d cells, at least 4 are needed", len(record)))
		return nil
	}
	b := format.Bare{Kind: record[0], Name: record[1], Place: kinds.Place{Account: cloud.Account(record[2]), Region: cloud.Region(record[3])}, Extra: map[string]any{}}
	for _, cell := range record[4:] {
		switch {
		case strings.HasPrefix(cell, "arn:"):
			b.ARN = cell
		case cell != "":
			b.Extra["estimatedCost"] = cell
		}
	}
	return found(q, out, b, place)
}

// found hands over a resource of which only a little is known.
func found(q format.Request, out *format.Output, b format.Bare, place string) error {
	if b.Place.Account == "" {
		b.Place.Account = q.Account
	}
	if b.Place.Region == "" {
		b.Place.Region = q.Region
	}
	if b.ARN == "" && b.ID == "" && identifies(b.Kind, b.Name) {
		b.ID = b.Name
	}
	resource, ok := b.Resource(q.Kinds)
	if !ok {
		out.Refused(place, fault.Newf(fault.Invalid, "read %q of type %q: it has no ARN, and its title is no id", format.Cut(b.Name), format.Cut(b.Kind)))
		return nil
	}
	return out.Found(place, resource)
}

// identifies reports whether a title is what its kind is identified by. Things
// of EC2 have ids ("vpc-0abc") and any title; most others are called by what
// identifies them.
func identifies(kind, title string) bool {
	if title == "" || strings.ContainsAny(title, " \t") {
		return false
	}
	if strings.HasPrefix(strings.ToUpper(kind), "AWS::EC2::") {
		return kindOfID(title) != ""
	}
	return true
}
