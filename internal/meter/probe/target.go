package probe

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

var (
	token      = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$") // RFC 9110, section 5.6.2
	statusForm = regexp.MustCompile(`^([1-5])(xx|XX|[0-9]{2})(?:-([1-5][0-9]{2}))?$`)
)

// target checks a line. No message shows a value of it but the method and the
// name of a header.
func (l line) target() (Target, error) {
	t := Target{Name: strings.TrimSpace(l.Name), Method: strings.ToUpper(cmp.Or(strings.TrimSpace(l.Method), http.MethodGet)), Header: http.Header{}, Body: l.Body, Weight: 1}
	if !token.MatchString(t.Method) || len(t.Method) > 20 {
		return t, errors.New("the method is none")
	}
	u, err := url.Parse(strings.TrimSpace(l.URL))
	if err != nil || u.Host == "" || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		return t, errors.New("the url must begin with http:// or https:// and name a host; a line holds \"URL\" or \"METHOD URL\"")
	}
	if u.Fragment = ""; u.User != nil {
		return t, errors.New("the url holds a user or a password: send the header Authorization instead")
	}
	t.URL = u
	if strings.ContainsAny(t.Name, "\r\n") || len(t.Name) > 200 {
		return t, errors.New("the name must be one line of at most 200 bytes")
	}
	if len(l.Body) > maxBody {
		return t, fmt.Errorf("the body has more than %d bytes", maxBody)
	}
	for name, value := range l.Headers {
		if !token.MatchString(name) || strings.ContainsAny(value, "\r\n\x00") {
			return t, fmt.Errorf("header %q is not valid", name)
		}
		t.Header.Set(name, value)
	}
	if l.Weight != nil {
		t.Weight = *l.Weight
	}
	if t.Weight < 0 || math.IsNaN(t.Weight) || math.IsInf(t.Weight, 0) {
		return t, errors.New("the weight must be zero or more")
	}
	if t.Expect, err = statuses(l.Status); err != nil {
		return t, err
	}
	if l.Match != "" {
		if t.Match, err = regexp.Compile(l.Match); err != nil {
			return t, errors.New("match is no regular expression")
		}
	}
	return t, nil
}

// statuses reads "200", "2xx", "200-299" and lists of these.
func statuses(text string) ([]Range, error) {
	var list []Range
	for _, one := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' }) {
		m := statusForm.FindStringSubmatch(one)
		if m == nil {
			return nil, errors.New("status must be like 200, 2xx or 200-299")
		}
		low, high := m[1]+"00", m[1]+"99"
		if strings.ToLower(m[2]) != "xx" {
			low, high = m[1]+m[2], cmp.Or(m[3], m[1]+m[2])
		} else if m[3] != "" {
			return nil, errors.New("status must be like 200, 2xx or 200-299")
		}
		a, _ := strconv.Atoi(low)
		b, _ := strconv.Atoi(high)
		if a > b {
			return nil, errors.New("status must be like 200, 2xx or 200-299")
		}
		list = append(list, Range{a, b})
	}
	return list, nil
}

// expected reports whether the status is a success.
func (t *Target) expected(status int) bool {
	if len(t.Expect) == 0 {
		return status < 400
	}
	for _, r := range t.Expect {
		if status >= r.Low && status <= r.High {
			return true
		}
	}
	return false
}
