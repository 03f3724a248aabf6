package paper

import (
	"fmt"

	"example.com/landfall/internal/design"
)

// names prints what is called otherwise in each environment: the documents
// name the resources of one.
func names(d *design.Design, environments []design.Environment) []byte {
	s := begin("Names in each environment")
	s.line("")
	s.line("%s", whose(d))
	s.line("")
	if len(environments) == 0 {
		environments = []design.Environment{{Name: d.Place.Environment, Subscription: d.Place.Subscription, Group: d.Place.Group, Location: d.Place.Location}}
	}
	rows, head := [][]string{{"environment", "subscription", "resource group", "region", "part of names"}}, []string{"type"}
	for _, e := range environments {
		p := design.ForEnvironment(&design.Design{Workload: d.Workload, Place: d.Place}, e).Place
		called := p.Environment
		if called == "" {
			called = "none"
		}
		subscription := string(p.Subscription)
		if p.Subscription == design.NoSubscription {
			subscription = "not named in landfall.yaml"
		}
		rows = append(rows, []string{called, subscription, p.Group, string(p.Location), p.Suffix})
		head = append(head, called)
	}
	s.table(rows)
	s.line("")
	s.line("The world has each of these names once, so they are others in each environment. Every other name is the same in all of them.")
	s.line("")
	rows = [][]string{head}
	for _, n := range design.NamesIn(d, environments) {
		rows = append(rows, append([]string{string(n.Resource.Type)}, n.Names...))
	}
	s.table(rows)
	s.line("")
	s.line("A tag that says which environment a resource belongs to (`env`, `environment`, `stage`) has the name of the environment, whatever it says at the source.")
	return s.bytes()
}

// whose says in one sentence which environment's names the documents have.
func whose(d *design.Design) string {
	switch {
	case d.Place.Environment == "":
		return fmt.Sprintf("landfall.yaml names no environment: names are those of resource group `%s`, and those of an environment are others.", d.Place.Group)
	case d.Place.Subscription == design.NoSubscription:
		return fmt.Sprintf("Names in the documents are those of environment `%s` without a subscription: they change when landfall.yaml names one.", d.Place.Environment)
	}
	return fmt.Sprintf("Names in the documents are those of environment `%s`.", d.Place.Environment)
}

// parameters lists what a deployment wants to be given.
func parameters(s *sheet, d *design.Design) {
	if len(d.Parameters) == 0 {
		return
	}
	s.title("Values that a deployment wants")
	s.line("`landfall deploy` takes each from the variable, or from a file of name: value pairs with `--parameters FILE`. Secrets are never written to a file.")
	s.line("")
	rows := [][]string{{"name", "type", "secret", "what it is", "when not given", "variable"}}
	for _, p := range d.Parameters {
		secret, otherwise := "no", "the deployment is refused"
		if p.Secure {
			secret = "yes"
		}
		switch {
		case p.Default != nil && fmt.Sprint(p.Default) == "":
			otherwise = "empty"
		case p.Default != nil:
			otherwise = fmt.Sprint(p.Default)
		case p.Name == "tenantId":
			otherwise = "target.tenant of landfall.yaml, when that is an id"
		}
		rows = append(rows, []string{p.Name, p.Type, secret, p.Description, otherwise, design.ParameterVariable(p.Name)})
	}
	s.table(rows)
}
