package route53

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"example.com/landfall/internal/fault"
)

// The journal holds how a name was before the first change: JSON in base64, cut
// into the values of a TXT record, each with its number, as their order is not
// kept. A value is one string of at most 255 characters (RFC 1035, section 3.3).
const (
	journalMark = "landfall before "
	chunk       = 200
	// most is how much one record set of a batch should take of the 32,000
	// characters that a batch may have (Amazon Route 53 Developer Guide, "Quotas").
	most = 12_000
)

// write returns the values of a journal.
func write(before []record) ([]string, error) {
	text, err := json.Marshal(before)
	if err != nil {
		return nil, fault.Of(fault.Internal, "keep how a name was", "", err)
	}
	coded := base64.StdEncoding.EncodeToString(text)
	if len(coded) > most {
		return nil, fault.Newf(fault.Refused, "lead %q: its %d records are too many to be kept beside them", strings.TrimSuffix(before[0].Name, "."), len(before)).
			Hintf("shift it by hand, or lead users by a façade: landfall proxy")
	}
	parts := slices.Collect(slices.Chunk([]byte(coded), chunk))
	values := make([]string, len(parts))
	for i, part := range parts {
		values[i] = fmt.Sprintf("%q", fmt.Sprintf("%s%02d/%02d %s", journalMark, i+1, len(parts), part))
	}
	return values, nil
}

func written(values []string) bool {
	return slices.ContainsFunc(values, func(v string) bool { return strings.HasPrefix(v, `"`+journalMark) })
}

// open reads a journal. One that is not whole is Found: without it nobody knows
// how the name was.
func open(values []string) ([]record, error) {
	broken := fault.Newf(fault.Found, "read how the name was: the TXT record that keeps it is not whole").Hintf("bring the TXT record %s.NAME back as it was, from the zone's backup", journalLabel)
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	var coded strings.Builder
	for i, v := range sorted {
		text, ok := strings.CutPrefix(strings.Trim(v, `"`), fmt.Sprintf("%s%02d/%02d ", journalMark, i+1, len(values)))
		if !ok {
			return nil, broken
		}
		coded.WriteString(text)
	}
	plain, err := base64.StdEncoding.DecodeString(coded.String())
	if err != nil {
		return nil, broken
	}
	var before []record
	if json.Unmarshal(plain, &before) != nil || len(before) == 0 {
		return nil, broken
	}
	return before, nil
}
