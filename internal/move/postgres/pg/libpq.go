package pg

import (
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// files are what a connection string names beside the server, for programs that
// have to read them again.
type files struct{ root, certificate, key string }

var fileWord = regexp.MustCompile(`(?:^|\s)(sslrootcert|sslcert|sslkey)\s*=\s*('(?:[^'\\]|\\.)*'|\S+)`)

// filesOf reads them out of a text that Parse accepted.
func filesOf(text string) files {
	found := map[string]string{}
	if u, err := url.Parse(text); err == nil && strings.HasPrefix(u.Scheme, "postgres") {
		for key, values := range u.Query() {
			found[key] = values[0]
		}
	} else {
		for _, m := range fileWord.FindAllStringSubmatch(text, -1) {
			value := m[2]
			if strings.HasPrefix(value, "'") {
				value = strings.NewReplacer(`\\`, `\`, `\'`, `'`).Replace(value[1 : len(value)-1])
			}
			found[m[1]] = value
		}
	}
	return files{found["sslrootcert"], found["sslcert"], found["sslkey"]}
}

// bundles are where systems keep the certificates that they trust, which Go reads
// by itself and libpq before version 16 does not.
func bundles() []string {
	return []string{"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"}
}

// Environment is that of this process, and what makes programs of PostgreSQL reach
// the endpoint ("Environment Variables" of libpq). It holds the password.
func (e Endpoint) Environment() []string {
	tls := e.TLS()
	set := map[string]string{
		"PGHOST": e.config.Host, "PGPORT": strconv.Itoa(int(e.config.Port)), "PGUSER": e.config.User, "PGDATABASE": e.config.Database,
		"PGPASSWORD": e.config.Password, "PGSSLMODE": tls, "PGAPPNAME": applicationName, "PGOPTIONS": "", "PGCONNECT_TIMEOUT": strconv.Itoa(int(connectWithin.Seconds())),
		"PGSSLCERT": e.files.certificate, "PGSSLKEY": e.files.key, "PGSSLROOTCERT": e.rootCertificate(tls),
	}
	var env []string
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		value, ours := set[name]
		switch {
		case ours && value == "" && strings.HasPrefix(name, "PGSSL"):
			env = append(env, v) // what the caller's environment says of it counts
		case ours, name == "PGSERVICE", name == "PGHOSTADDR", name == "PGTARGETSESSIONATTRS":
		default:
			env = append(env, v)
		}
	}
	for _, name := range sorted(set) {
		if set[name] != "" {
			env = append(env, name+"="+set[name])
		}
	}
	return env
}

func (e Endpoint) rootCertificate(tls string) string {
	if e.files.root != "" || tls != "verify-full" || os.Getenv("PGSSLROOTCERT") != "" {
		return e.files.root
	}
	for _, file := range bundles() {
		if _, err := os.Stat(file); err == nil {
			return file
		}
	}
	return ""
}
