package app

import (
	"context"
	"net/url"
	"regexp"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/fault"
)

// parameterReference is a value of the design that is a parameter.
var parameterReference = regexp.MustCompile(`^\[parameters\('([^']+)'\)\]$`)

// targetDatabaseURL is the database of a set as the design has it, in production: the
// administrator, the password by its parameter, and the name that the target gave
// the server.
func (m databaseMover) targetDatabaseURL(ctx context.Context, id string) (string, error) {
	server, database, found := strings.Cut(id, "/databases/")
	if !found || strings.Contains(database, "/") {
		return "", fault.Newf(fault.Invalid, "find the database %q: it is none of a flexible server", id).Hintf("landfall design, landfall plan")
	}
	d, err := m.app.readDesign()
	if err != nil {
		return "", err
	}
	if e, ok := production(m.app.Config); ok {
		d = design.ForEnvironment(d, environmentOf(m.app.Config, e))
	}
	for _, r := range d.Resources {
		if r.ID != cloud.ResourceID(server) {
			continue
		}
		return m.urlOf(ctx, d, r, database)
	}
	return "", fault.Of(fault.NotFound, "find in the design the server", server, nil).Hintf("landfall design, landfall plan")
}

func (m databaseMover) urlOf(ctx context.Context, d *design.Design, server design.Resource, database string) (string, error) {
	properties, _ := server.Body["properties"].(map[string]any)
	login, _ := properties["administratorLogin"].(string)
	password, _ := properties["administratorLoginPassword"].(string)
	parameter := parameterReference.FindStringSubmatch(password)
	if login == "" || parameter == nil {
		return "", fault.Newf(fault.Denied, "reach the database %q: its server takes no password of an administrator", database).
			Hintf("set %s to its URL, with a login that may replicate", targetDatabase)
	}
	variable := design.ParameterVariable(parameter[1])
	secret, _ := m.app.setup.Getenv(variable)
	if secret == "" {
		return "", fault.Newf(fault.Denied, "reach the database %q: %s is not set where this worker runs", database, variable).
			Hintf("set it, or %s to the URL of the database, start the worker again, and landfall retry the step", targetDatabase)
	}
	deployer, err := m.app.Readers.Deployer(d.Place.Subscription)
	if err != nil {
		return "", err
	}
	read, err := deployer.Read(ctx, server)
	if err != nil {
		return "", err
	}
	given, _ := read["properties"].(map[string]any)
	host, _ := given["fullyQualifiedDomainName"].(string)
	if host == "" {
		return "", fault.Of(fault.Unavailable, "reach the database: the target tells no name of server", server.Name, nil)
	}
	u := url.URL{Scheme: "postgres", User: url.UserPassword(login, secret), Host: host, Path: "/" + database, RawQuery: "sslmode=require"}
	return u.String(), nil
}
