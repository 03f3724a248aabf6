package describe

import (
	"fmt"
	"maps"
	"regexp"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/source/files/document"
	"example.com/landfall/internal/source/files/format"
)

// answer is one output of a command.
type answer struct {
	*reader
	place string
	// rest are the members that are no list of elements.
	rest map[string]any
	// rows are the operations that it may be of.
	rows     []*command
	elements int
	known    bool
	// foreign are the elements of the list at hand whose kind is not known.
	foreign int
	example string
}

// streams reports whether a member is a list that is read element by element.
func (a *answer) streams(rows []*command) bool {
	for _, o := range rows {
		// Many answers have tags beside their element; only DescribeTags has
		// them as elements.
		if o.path[0].list && o.path[0].name != "Tags" {
			return true
		}
	}
	return false
}

func (a *answer) enter(rows []*command) {
	a.known = true
	a.rows = append(a.rows, rows...)
}

func (a *answer) list(j *document.JSON, name string, rows []*command) error {
	a.enter(rows)
	kind, err := j.Items(func(i int) error {
		var element any
		if err := a.value(j, &element); err != nil {
			return err
		}
		return a.element(rows, document.Plain(element), fmt.Sprintf("%s/%s/%d", a.place, name, i))
	})
	a.strangers(name)
	if err == nil && kind == document.Object {
		a.out.Refused(a.place+"/"+name, fault.Newf(fault.Invalid, "read output: %q is an object, not a list", name))
	}
	return err
}

// element reads one element of a list; what lies deeper on the path is within
// it.
func (a *answer) element(rows []*command, element any, place string) error {
	switch element := element.(type) {
	case string:
		return a.text(rows, element, place)
	case map[string]any:
		return a.object(rows, element, place)
	}
	a.out.Refused(place, fault.Newf(fault.Invalid, "read output: an element is neither an object nor a text"))
	return nil
}

func (a *answer) text(rows []*command, text, place string) error {
	var found *command
	for _, o := range rows {
		if o.wrap != "" && (found == nil || o.rank(a.named) > found.rank(a.named)) {
			found = o
		}
	}
	if found == nil {
		return a.looseText(text, place)
	}
	return a.count(found, map[string]any{found.wrap: text}, place)
}

func (a *answer) object(rows []*command, object map[string]any, place string) error {
	var nested []*command
	var flat []*command
	for _, o := range rows {
		switch {
		case o.wrap != "":
		case len(o.path) > 1:
			nested = append(nested, o)
		default:
			flat = append(flat, o)
		}
	}
	for _, o := range nested {
		if _, ok := object[o.path[1].name]; ok {
			return a.down(o, object, o.path[1:], place)
		}
	}
	if row := choose(flat, a.named, object); row != nil {
		return a.count(row, object, place)
	}
	if a.foreign++; a.foreign == 1 {
		a.example = fmt.Sprintf("%s, has %s", place, names(object))
	}
	return nil
}

// strangers refuses the elements of a list whose kind cannot be told, in one
// line: the parameters of a parameter group are some four hundred.
func (a *answer) strangers(name string) {
	if a.foreign > 0 {
		a.out.Refused(a.place+"/"+name, fault.Newf(fault.Unsupported, "read output: of which kind %d elements of %q are cannot be told; the first, %s", a.foreign, name, a.example))
	}
	a.foreign = 0
}

// down follows the rest of a path. What an object on the way says of the owner
// (a reservation's account) goes along.
func (a *answer) down(o *command, value any, path []leg, place string) error {
	if len(path) == 0 {
		object, ok := value.(map[string]any)
		if !ok {
			a.out.Refused(place, fault.Newf(fault.Invalid, "read output: an element is no object"))
			return nil
		}
		return a.count(o, object, place)
	}
	object, ok := value.(map[string]any)
	if !ok {
		a.out.Refused(place, fault.Newf(fault.Invalid, "read output: there is no member %q", path[0].name))
		return nil
	}
	next := object[path[0].name]
	if !path[0].list {
		if next == nil {
			return nil
		}
		return a.down(o, next, path[1:], place+"/"+path[0].name)
	}
	list, _ := next.([]any)
	for i, member := range list {
		if inner, ok := member.(map[string]any); ok && inner["OwnerId"] == nil && object["OwnerId"] != nil {
			inner["OwnerId"] = object["OwnerId"]
		}
		if err := a.down(o, member, path[1:], fmt.Sprintf("%s/%s/%d", place, path[0].name, i)); err != nil {
			return err
		}
	}
	return nil
}

func (a *answer) count(o *command, object map[string]any, place string) error {
	a.elements++
	return a.emit(o, object, place)
}

// finish looks at what is no list: an object under its name ("Table"), or the
// whole output; and at the token of the page.
func (a *answer) finish() error {
	if list, ok := a.rest["Tags"].([]any); ok && len(a.rows) == 0 {
		if err := a.tagList(list); err != nil {
			return err
		}
	}
	for _, name := range sortedNames(a.rest) {
		if err := a.single(name, a.rest[name]); err != nil {
			return err
		}
	}
	if !a.known {
		if err := a.whole(); err != nil {
			return err
		}
	}
	a.pages()
	return a.out.Ended()
}

// tagList takes the answer of ec2:DescribeTags.
func (a *answer) tagList(list []any) error {
	rows := a.set.table.byMember["Tags"]
	for _, one := range list {
		object, ok := one.(map[string]any)
		if row := choose(rows, a.named, object); ok && row != nil {
			a.enter(rows)
			if err := a.count(row, object, a.place+"/Tags"); err != nil {
				return err
			}
		}
	}
	return nil
}

// single reads the element or elements under a member that is an object.
func (a *answer) single(name string, value any) error {
	object, ok := value.(map[string]any)
	if !ok {
		return nil
	}
	var direct []*command
	for _, o := range a.set.table.byMember[name] {
		if o.path[0].list {
			continue
		}
		if len(o.path) > 1 {
			a.enter([]*command{o})
			return a.down(o, object, o.path[1:], a.place+"/"+name)
		}
		direct = append(direct, o)
	}
	row := choose(direct, a.named, object)
	if row == nil {
		return nil
	}
	a.enter([]*command{row})
	element := maps.Clone(object)
	// What stands beside the element belongs to it: the tags of a task
	// definition, code and concurrency of a function.
	for _, beside := range []string{"Tags", "tags", "TagList", "Concurrency", "Code", "ETag"} {
		if _, known := element[beside]; !known && a.rest[beside] != nil && beside != name {
			element[beside] = a.rest[beside]
		}
	}
	return a.count(row, element, a.place+"/"+name)
}

// whole reads an output that is the element itself.
func (a *answer) whole() error {
	if row := choose(a.set.table.whole, a.named, a.rest); row != nil {
		a.enter([]*command{row})
		return a.count(row, a.rest, a.place)
	}
	if bucket := bucketOf(a.q.Document.Name, a.named); bucket != "" {
		a.known = true
		return a.emit(&command{service: "s3api", name: a.named.command, kind: "AWS::S3::Bucket"}, bucketPart(a.named, bucket, a.rest), a.place)
	}
	// GetCallerIdentity tells the account, which Learn has taken.
	if a.rest["UserId"] != nil && a.rest["Arn"] != nil && len(a.rest) == 3 {
		return nil
	}
	if len(a.rest) == 0 {
		// An operation without an answer, such as the policy of a bucket that
		// has none.
		return nil
	}
	a.strange = append(a.strange, sortedNames(a.rest)...)
	return nil
}

// pages notes whether the answer goes on. The names of the tokens are those of
// the services' models.
func (a *answer) pages() {
	if len(a.rows) == 0 {
		return
	}
	row := a.rows[0]
	for _, o := range a.rows {
		if o.rank(a.named) > row.rank(a.named) {
			row = o
		}
	}
	unfinished := false
	for name, value := range a.rest {
		switch strings.ToLower(name) {
		case "nexttoken", "marker", "nextmarker", "lastevaluatedtablename", "position", "paginationtoken", "nextrecordname", "continuationtoken", "nextpagetoken", "nextstreamname", "lastevaluatedstreamname":
			text, _ := value.(string)
			unfinished = unfinished || text != "" && !(strings.EqualFold(name, "marker") && a.rest["IsTruncated"] == false)
		case "istruncated", "hasmorestreams", "hasmoredeliverystreams":
			unfinished = unfinished || value == true
		}
	}
	at := a.at.general()
	a.set.page(pageKey{row.title(), at.Account, at.Region, a.folder()}, unfinished, a.elements, string(format.First(row.kind, cloud.Kind("resources"))), a.q.Document.Name)
}

// bucketName is a name that S3 allows for buckets.
var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// bucketOf is the bucket that an output of "s3api get-bucket-..." is about,
// which only the name of the file can tell: "get-bucket-policy-NAME.json",
// "get-bucket-policy.NAME.json", "NAME/get-bucket-policy.json". "" if it does
// not.
func bucketOf(name string, n named) string {
	parts := strings.Split(strings.ReplaceAll(name, `\`, "/"), "/")
	file := strings.TrimSuffix(strings.TrimSuffix(parts[len(parts)-1], ".gz"), ".json")
	for _, command := range bucketCommands() {
		_, rest, found := strings.Cut(strings.ReplaceAll(file, "_", "-"), command.name)
		if !found {
			continue
		}
		rest = strings.TrimLeft(rest, "-._ ")
		if rest == "" && len(parts) > 1 {
			rest = parts[len(parts)-2]
		}
		if bucketName.MatchString(rest) && !format.IsRegion(rest) && !format.IsAccount(rest) && rest != "s3api" && rest != "s3" {
			return rest
		}
	}
	return ""
}

// bucketCommand is a command that tells one part of a bucket, and the name of
// that part in the form in which a bucket is converted; "" takes the members
// of the answer as they are.
type bucketCommand struct{ name, part string }

func bucketCommands() []bucketCommand {
	return []bucketCommand{
		{"get-bucket-accelerate-configuration", "Accelerate"},
		{"get-bucket-cors", ""},
		{"get-bucket-encryption", ""},
		{"get-bucket-lifecycle-configuration", "BucketLifecycleConfiguration"},
		{"get-bucket-location", ""},
		{"get-bucket-logging", ""},
		{"get-bucket-notification-configuration", "Notification"},
		{"get-bucket-ownership-controls", ""},
		{"get-bucket-policy", ""},
		{"get-bucket-replication", ""},
		{"get-bucket-tagging", ""},
		{"get-bucket-versioning", "VersioningConfiguration"},
		{"get-bucket-website", "Website"},
		{"get-object-lock-configuration", ""},
		{"get-public-access-block", ""},
	}
}

// bucketPart is what an output says of a bucket.
func bucketPart(n named, bucket string, answer map[string]any) map[string]any {
	item := map[string]any{"Name": bucket}
	for _, command := range bucketCommands() {
		if !strings.HasPrefix(n.command, command.name) {
			continue
		}
		if command.part != "" {
			item[command.part] = answer
			return item
		}
		break
	}
	for name, value := range answer {
		item[name] = value
	}
	return item
}
