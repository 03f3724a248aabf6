package aws

import (
	"reflect"
	"strings"

	"example.com/landfall/internal/fault"
)

// paging is how an operation hands on its place: the fields of the answer that
// hold the token, and the fields of the input that take it. Empty: the
// operation answers all at once.
type paging struct {
	out, in []string
}

// pagingOf finds the fields by the names that the services' models use in
// their paginators (botocore's paginators-1.json lists them all).
func pagingOf(in, out reflect.Type) paging {
	type names struct{ out, in string }
	for _, n := range []names{
		{"NextToken", "NextToken"}, {"NextMarker", "Marker"}, {"NextMarker", "NextMarker"}, {"Marker", "Marker"},
		{"NextPageMarker", "Marker"}, {"NextPageToken", "NextPageToken"}, {"NextPageToken", "PageToken"},
		{"PaginationToken", "PaginationToken"}, {"Position", "Position"}, {"NextContinuationToken", "ContinuationToken"}, {"ContinuationToken", "ContinuationToken"},
		{"LastEvaluatedTableName", "ExclusiveStartTableName"}, {"NextBackupId", "ExclusiveStartBackupId"}, {"LastEvaluatedBackupArn", "ExclusiveStartBackupArn"},
		{"LastEvaluatedGlobalTableName", "ExclusiveStartGlobalTableName"},
	} {
		if textField(in, n.in) && textField(out, n.out) {
			return paging{[]string{n.out}, []string{n.in}}
		}
	}
	return nestedPaging(in, out)
}

// nestedPaging knows the answers that are not flat: CloudFront's lists stand
// in one object (DistributionList.NextMarker), and Route 53's record sets go
// on at a name, a type and an identifier.
func nestedPaging(in, out reflect.Type) paging {
	if textField(out, "NextRecordName") && textField(in, "StartRecordName") {
		return paging{[]string{"NextRecordName", "NextRecordType", "NextRecordIdentifier"}, []string{"StartRecordName", "StartRecordType", "StartRecordIdentifier"}}
	}
	if !textField(in, "Marker") {
		return paging{}
	}
	for i := range out.NumField() {
		inner := out.Field(i).Type
		if inner.Kind() == reflect.Pointer && inner.Elem().Kind() == reflect.Struct && textField(inner.Elem(), "NextMarker") {
			return paging{[]string{out.Field(i).Name + ".NextMarker"}, []string{"Marker"}}
		}
	}
	return paging{}
}

func textField(t reflect.Type, name string) bool {
	if t.Kind() != reflect.Struct {
		return false
	}
	field, ok := t.FieldByName(name)
	if !ok {
		return false
	}
	inner := field.Type
	if inner.Kind() == reflect.Pointer {
		inner = inner.Elem()
	}
	return inner.Kind() == reflect.String
}

// tokenSeparator stands between the parts of a token of several fields. It
// occurs in no DNS name.
const tokenSeparator = "\x1f"

// next returns the answer's token, "" on the last page.
func (p paging) next(out reflect.Value) string {
	var parts []string
	for _, path := range p.out {
		parts = append(parts, textAt(out, strings.Split(path, ".")))
	}
	if len(parts) == 0 || parts[0] == "" {
		return ""
	}
	return strings.Join(parts, tokenSeparator)
}

func textAt(v reflect.Value, path []string) string {
	for _, name := range path {
		if v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return ""
			}
			v = v.Elem()
		}
		v = v.FieldByName(name)
	}
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return ""
		}
		v = v.Elem()
	}
	return v.String()
}

// ask puts a token into the input.
func (p paging) ask(in reflect.Value, token string) error {
	if token == "" {
		return nil
	}
	parts := strings.Split(token, tokenSeparator)
	if len(parts) != len(p.in) {
		return fault.Newf(fault.Internal, "go on at page %q: want %d parts", token, len(p.in))
	}
	for i, name := range p.in {
		if parts[i] != "" && !set(in.FieldByName(name), parts[i]) {
			return fault.Newf(fault.Internal, "go on at page %q: field %q takes no text", token, name)
		}
	}
	return nil
}
