package describe

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/source/files/format"
)

// The AWS CLI's own form of an error of the API (awscli, ClientError): "An
// error occurred (CODE) when calling the OPERATION operation: TEXT".
var apiError = regexp.MustCompile(`An error occurred \(([A-Za-z0-9.:_-]+)\) when calling the (\w+) operation`)

// failed tells what a failed command left behind, and the reason; none if the
// text is something else.
func failed(head []byte) (code, operation string, found bool) {
	text := bytes.TrimSpace(head)
	if m := apiError.FindSubmatch(text); m != nil && !startsJSON(text) {
		return string(m[1]), string(m[2]), true
	}
	if startsJSON(text) {
		return "", "", false
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	for _, start := range complaints() {
		if bytes.HasPrefix(line, []byte(start)) {
			return "the command ended with " + strconv.Quote(format.Cut(string(line))), "", true
		}
	}
	return "", "", false
}

// complaints are what texts begin with that the AWS CLI and botocore write
// instead of an answer when they do not get as far as the API, or do not
// understand it.
func complaints() []string {
	return []string{
		"An error occurred", "Unable to ", "Could not ", "Error ", "The config profile", "You must specify", "Partial credentials",
		"Connect timeout", "Read timeout", "Connection was closed", "SSL validation failed", "Parameter validation failed", "Unknown options",
		"Invalid endpoint", "The SSO session", "Token has expired", "Waiter ", "usage: ", "aws: error", "Traceback ", "bash: ", "sh: ", "zsh: ", "'aws' is not recognized",
	}
}

func startsJSON(text []byte) bool {
	return len(text) > 0 && (text[0] == '{' || text[0] == '[')
}

// kindOfCode is the kind of trouble of an API's error code, as far as its name
// tells.
func kindOfCode(code string) fault.Kind {
	lower := strings.ToLower(code)
	has := func(words ...string) bool {
		for _, word := range words {
			if strings.Contains(lower, word) {
				return true
			}
		}
		return false
	}
	switch {
	case has("denied", "unauthorized", "forbidden", "expiredtoken", "invalidclienttoken", "signature", "credentials", "optinrequired"):
		return fault.Denied
	case has("throttl", "requestlimit", "toomanyrequests", "slowdown"):
		return fault.Throttled
	case has("notfound", "nosuch", "doesnotexist"):
		return fault.NotFound
	case has("unavailable", "internal", "connection"):
		return fault.Unavailable
	}
	return fault.Invalid
}

// unread lists a failed command.
func (r *reader) unread(code, operation, text string) {
	u := inventory.Unread{Operation: r.operationTitle(operation), Account: r.at.general().Account, Region: r.at.general().Region,
		Reason: text, Hides: r.hides(operation)}
	if code != "" {
		u.Reason = code
		if !strings.Contains(code, " ") {
			u.Reason = string(kindOfCode(code)) + ": " + code
		}
	}
	r.out.Unread(u)
}

// operationTitle is "ec2:DescribeInstances", as far as it is known.
func (r *reader) operationTitle(operation string) string {
	for _, o := range r.candidates(operation) {
		return o.title()
	}
	switch service := apiName(r.named.service); {
	case operation != "" && service != "":
		return service + ":" + operation
	case operation != "":
		return operation
	case r.named.command != "":
		return strings.TrimPrefix(service+":"+r.named.command, ":")
	}
	return r.q.Document.Name
}

// hides says which kinds a missing answer hides.
func (r *reader) hides(operation string) string {
	var names []string
	for _, o := range r.candidates(operation) {
		name := "all " + string(o.kind)
		if o.kind == "" {
			name = "tags and names of resources of all kinds"
		}
		if len(names) == 0 || names[len(names)-1] != name {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return "what " + format.First(operation, r.named.command, "the command") + " answers"
	}
	return strings.Join(names, ", ")
}

// candidates are the operations that an error or the file's name means.
func (r *reader) candidates(operation string) []*command {
	name := strings.ToLower(operation)
	if name == "" {
		name = r.named.operation
	}
	all := r.set.table.byName[name]
	if r.named.service == "" {
		// "DescribeSnapshots" is an operation of several services.
		return all
	}
	var of []*command
	for _, o := range all {
		if o.service == r.named.service {
			of = append(of, o)
		}
	}
	return of
}
