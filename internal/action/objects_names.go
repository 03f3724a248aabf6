package action

import (
	"strconv"
	"strings"

	"example.com/landfall/internal/fault"
)

// into notes what Azure cannot hold as evidence, also where it may be left out.
func (u ObjectsUnheld) into(data map[string]string) {
	if u.Keys > 0 {
		data["unheld.keys"] = strconv.FormatInt(u.Keys, 10)
	}
	if u.Parts > 0 {
		data["unheld.parts"] = strconv.FormatInt(u.Parts, 10)
	}
	if len(u.First) > 0 {
		data["unheld"] = u.list()
	}
}

// list names the first, and says how many there are besides.
func (u ObjectsUnheld) list() string {
	text := strings.Join(u.First, ", ")
	if more := u.Keys + u.Parts - int64(len(u.First)); more > 0 {
		text += " and " + strconv.FormatInt(more, 10) + " more"
	}
	return text
}

// fault names the objects, and what to write so that the step takes another way.
func (u ObjectsUnheld) fault(what string, set ObjectSet, found string) error {
	return fault.Newf(fault.Found, "%s of %q: %s; Azure cannot hold the names of %d: %s", what, set.Data, found, u.Keys+u.Parts, u.list()).
		Hintf("in landfall.yaml, under runbook.data, at of: %q: %s; then landfall plan", set.Data, u.setting(set))
}

// setting is the line of landfall.yaml that decides otherwise. What renaming does
// not help can be left out.
func (u ObjectsUnheld) setting(set ObjectSet) string {
	var lines []string
	if u.Keys > 0 {
		lines = append(lines, otherwise("names", set.Names))
	}
	if u.Parts > 0 {
		lines = append(lines, otherwise("metadata", set.Metadata))
	}
	return strings.Join(lines, ", ")
}

func otherwise(key, mode string) string {
	if mode == "rename" {
		return key + ": exclude"
	}
	return key + ": rename, or " + key + ": exclude"
}
