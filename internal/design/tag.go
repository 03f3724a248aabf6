package design

import (
	"slices"
	"strings"
	"unicode"
)

// TellsEnvironment reports whether a tag of that name says which environment a
// resource belongs to: "env", "Environment", "acme:environment-name". At the
// target such a tag follows the environment: a copy of what runs in production
// that is called production too would be billed, alarmed and swept as such.
func TellsEnvironment(tag string) bool {
	// Elastic Beanstalk's own tags name environments of that service (AWS Elastic
	// Beanstalk Developer Guide, "Tagging resources in your environments").
	if strings.HasPrefix(strings.ToLower(tag), "elasticbeanstalk:") {
		return false
	}
	last := tag[strings.LastIndexAny(tag, ":/.")+1:]
	bare := strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, last)
	return slices.Contains([]string{"env", "environment", "envname", "environmentname", "envtype", "environmenttype", "stage", "deploymentenvironment"}, bare)
}
