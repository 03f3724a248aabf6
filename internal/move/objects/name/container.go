package name

import (
	"slices"
	"strconv"
	"strings"
)

const (
	minContainer = 3
	maxContainer = 63
)

// Container is what a bucket is called at the target.
type Container struct {
	Bucket, Name string
	// Renamed says that Name is not the bucket's, Rule why.
	Renamed bool
	Rule    RuleID
}

// Containers names the containers of several buckets. The names are those of
// AzCopy where it has a rule (a dot becomes a hyphen, n hyphens in a row "-n-"),
// so that who changes tools finds the same containers; but where two buckets
// would share one, AzCopy numbers them in the order in which it meets them, and
// here both are refused and name each other: name them yourself. Equal buckets
// count once. The order is that of the buckets.
func Containers(buckets []string, mode Mode) ([]Container, []Refusal) {
	sorted := slices.Clone(buckets)
	slices.Sort(sorted)
	sorted = slices.Compact(sorted)
	var found []Container
	var refused []Refusal
	owner := map[string][]string{}
	for _, bucket := range sorted {
		c, r := containerOf(bucket, mode)
		if r != nil {
			refused = append(refused, *r)
			continue
		}
		found = append(found, c)
		owner[c.Name] = append(owner[c.Name], bucket)
	}
	kept := found[:0]
	for _, c := range found {
		if all := owner[c.Name]; len(all) > 1 {
			others := slices.DeleteFunc(slices.Clone(all), func(b string) bool { return b == c.Bucket })
			refused = append(refused, Refusal{Rule: ContainerCollision, Name: c.Bucket, Fatal: mode == Fail,
				Detail: "container " + strconv.Quote(c.Name) + " would also be that of " + strings.Join(others, ", ")})
			continue
		}
		kept = append(kept, c)
	}
	slices.SortStableFunc(refused, func(a, b Refusal) int { return strings.Compare(a.Name, b.Name) })
	return kept, refused
}

func containerOf(bucket string, mode Mode) (Container, *Refusal) {
	broken := containerFlaw(bucket)
	if broken == "" {
		return Container{Bucket: bucket, Name: bucket}, nil
	}
	name := renameBucket(bucket)
	if mode != Rename || containerFlaw(name) != "" {
		return Container{}, &Refusal{Rule: broken, Name: bucket, Detail: ruleText(broken), Fatal: mode == Fail}
	}
	return Container{Bucket: bucket, Name: name, Renamed: true, Rule: broken}, nil
}

// ValidateContainer says which rule the name of a container breaks, nil for
// none. The names that begin with "$" are the service's own.
func ValidateContainer(name string) *Refusal {
	if name == "$root" || name == "$web" {
		return nil
	}
	if broken := containerFlaw(name); broken != "" {
		return &Refusal{Rule: broken, Name: name, Detail: ruleText(broken)}
	}
	return nil
}

func containerFlaw(name string) RuleID {
	if len(name) < minContainer || len(name) > maxContainer {
		return ContainerLength
	}
	for i := 0; i < len(name); i++ {
		c := name[i]
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-') {
			return ContainerChars
		}
	}
	if strings.Contains(name, "--") || name[0] == '-' || name[len(name)-1] == '-' {
		return ContainerDashes
	}
	return ""
}

func renameBucket(bucket string) string {
	plain := strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r == '.' || r == '_':
			return '-'
		}
		return r
	}, bucket), "-")
	var out strings.Builder
	for i := 0; i < len(plain); {
		run := 0
		for i+run < len(plain) && plain[i+run] == '-' {
			run++
		}
		switch run {
		case 0:
			out.WriteByte(plain[i])
			i++
			continue
		case 1:
			out.WriteByte('-')
		default:
			out.WriteString("-" + strconv.Itoa(run) + "-")
		}
		i += run
	}
	return out.String()
}
