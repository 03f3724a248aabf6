package design

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
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

// dropUntold takes out tags whose values only a deployment of the template would
// tell, and keeps in mind whose they are. No tag of a running resource looks like
// that: AWS takes neither $ nor braces in one (Tagging AWS Resources, "Tag naming
// limits and requirements").
func (c *Context) dropUntold(tags cloud.Tags, sources []*inventory.Resource) {
	for _, k := range tags.Keys() {
		if !strings.Contains(tags[k], "${") {
			continue
		}
		delete(tags, k)
		for _, s := range sources {
			if !slices.Contains(c.untold[k], s.ID) {
				c.untold[k] = append(c.untold[k], s.ID)
			}
		}
	}
}

// tellUntold names the tags that were taken out, and the resources that lack
// them.
func (c *Context) tellUntold() {
	for _, k := range sortedKeys(c.untold) {
		about := slices.Sorted(slices.Values(c.untold[k]))
		whose := "what stands for a resource"
		if len(about) > 1 {
			whose = fmt.Sprintf("what stands for %d resources", len(about))
		}
		c.Finding(Finding{
			ID: "tag.untold:" + word(k), Severity: Low, About: about,
			Text: fmt.Sprintf("the tag %q is left out of %s: its value is not known until the template is deployed", k, whose),
			Do:   "scan the account, which knows the value, or put the tag under design.tags in landfall.yaml",
		})
	}
}
