package config

import (
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"example.com/landfall/internal/redact"
)

// Bounds of what a value may hold.
const (
	maxTextRunes   = 1024
	maxListEntries = 1000
	maxShownRunes  = 60
)

// rule is what a value must satisfy besides its form. The zero rule accepts
// everything of the form. Patterns and limits go into the JSON Schema too;
// tests hold the rest.
type rule struct {
	// pattern of a text, and of each text of a list or mapping.
	pattern string
	// wants says in words what pattern and test ask for.
	wants string
	// empty accepts the empty text in a mapping.
	empty bool
	// oneOf lists the only texts.
	oneOf []string
	// min and max of an integer.
	min, max int64
	// test returns what is wrong with a text that fits the pattern, or "".
	test func(value string) string
	// digits accepts an unquoted number as the text it is written as.
	digits bool
	// besideFile makes a relative path relative to the folder of the file.
	besideFile bool
	// unique is the field that tells records apart.
	unique string
	// check returns what is wrong with a whole record, or "".
	check func(row map[string]string) string
}

// RFC 1123 labels may begin with a digit, names of Azure key vaults and
// storage accounts derived from this one may not all; a letter suits each.
func dnsLabel() rule {
	return rule{
		pattern: `^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`,
		wants:   "a DNS label (a letter, then lower-case letters, digits and hyphens, at most 63)",
	}
}

func awsRegion() rule {
	return rule{pattern: `^[a-z]{2}(-[a-z]+)+-[0-9]{1,2}$`, wants: "an AWS region such as us-east-1"}
}

// Azure's region names have no separators: "East US 2" is eastus2.
func azureRegion() rule {
	return rule{pattern: `^[a-z]+[0-9]*[a-z]*$`, wants: "an Azure region such as eastus2, without spaces and capitals"}
}

// An account number may begin with a zero, which YAML reads as another number;
// the text as it is written is what counts.
func accountID() rule {
	return rule{pattern: `^[0-9]{12}$`, wants: "an AWS account number of 12 digits", digits: true}
}

func roleARN() rule {
	return rule{pattern: `^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$`, wants: "the ARN of an IAM role"}
}

func uuid() rule {
	return rule{
		pattern: `^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`,
		wants:   "an id such as 00000000-0000-0000-0000-000000000000",
	}
}

func tenant() rule {
	return rule{
		pattern: `^([0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+)$`,
		wants:   "a tenant id or a domain such as contoso.onmicrosoft.com",
	}
}

func address(schemes ...string) rule {
	return rule{
		pattern: `^(` + strings.Join(schemes, "|") + `)://[^/?#\s]+(/[^?#\s]*)?$`,
		wants:   "an address such as " + schemes[0] + "://host:port, without query",
		test:    addressComplaint,
	}
}

func addressComplaint(value string) string {
	u, err := url.Parse(value)
	switch {
	case err != nil || u.Hostname() == "":
		return "is not a valid address"
	case u.User != nil:
		return "holds a user name; credentials have no place in this file"
	case u.Port() != "" && !validPort(u.Port()):
		return "has a port that does not exist"
	}
	return ""
}

func hostPort() rule {
	return rule{
		pattern: `^[^\s/@?#]+:[0-9]{1,5}$`,
		wants:   "host:port",
		test: func(value string) string {
			if host, port, err := net.SplitHostPort(value); err != nil || host == "" || !validPort(port) {
				return "is not host:port with a port from 1 to 65535"
			}
			return ""
		},
	}
}

func validPort(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0
}

// A role of another account than the one it is listed under would read that
// other account under this one's name.
func roleInAccount(row map[string]string) string {
	arn := strings.Split(row["roleArn"], ":")
	if len(arn) > 4 && arn[4] != row["id"] {
		return fmt.Sprintf("has a role of account %s", arn[4])
	}
	return ""
}

// complaint returns what is wrong with the text for the rule, or "".
func (r rule) complaint(value string) string {
	switch {
	case utf8.RuneCountInString(value) > maxTextRunes:
		return fmt.Sprintf("is longer than %d characters", maxTextRunes)
	case strings.ContainsFunc(value, unicode.IsControl):
		return "holds a line break or another control character"
	case value != strings.TrimSpace(value):
		return fmt.Sprintf("begins or ends with a space: %s", shown(value))
	case len(r.oneOf) > 0 && !slices.Contains(r.oneOf, value):
		return fmt.Sprintf("wants %s, got %s", quotedList(r.oneOf), shown(value))
	case r.pattern != "" && !regexp.MustCompile(r.pattern).MatchString(value):
		return fmt.Sprintf("wants %s, got %s", r.wants, shown(value))
	case r.test != nil:
		return r.test(value)
	}
	return ""
}

var decimal = regexp.MustCompile(`^(0|-?[1-9][0-9]*)$`)

// number reads a whole number in the one way of writing that means the same to
// everyone: 010 is eight to some YAML readers and ten to others.
func (r rule) number(value string) (n int64, complaint string) {
	if !decimal.MatchString(value) {
		return 0, fmt.Sprintf("wants a whole number in plain digits, got %s", shown(value))
	}
	n, err := strconv.ParseInt(value, 10, 64)
	switch {
	case err == nil && n >= r.min && n <= r.max:
		return n, ""
	case r.min == r.max:
		return 0, fmt.Sprintf("wants %d, got %s", r.min, shown(value))
	}
	return 0, fmt.Sprintf("wants a whole number from %d to %d, got %s", r.min, r.max, shown(value))
}

// parse reads the text of a scalar key.
func (k *key) parse(value string) (parsed any, complaint string) {
	switch k.form {
	case integer:
		n, complaint := k.rule.number(value)
		return n, complaint
	case boolean:
		if value != "true" && value != "false" {
			return nil, fmt.Sprintf("wants true or false, got %s", shown(value))
		}
		return value == "true", ""
	}
	if value == "" {
		return nil, "is empty; give a value or take the line out"
	}
	return value, k.rule.complaint(value)
}

// shown quotes a value for a problem's text: cut, and hidden when it looks
// like a secret.
func shown(value string) string {
	if redact.Value(value) {
		return "a value that looks like a secret"
	}
	if runes := []rune(value); len(runes) > maxShownRunes {
		return strconv.Quote(string(runes[:maxShownRunes])) + "..."
	}
	return strconv.Quote(value)
}

func quotedList(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = strconv.Quote(w)
	}
	return strings.Join(quoted, " or ")
}
