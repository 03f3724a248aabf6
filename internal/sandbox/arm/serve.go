package arm

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"

	"example.com/landfall/internal/sandbox/arm/armerror"
	"example.com/landfall/internal/sandbox/arm/armid"
	"example.com/landfall/internal/sandbox/arm/document"
	"example.com/landfall/internal/sandbox/arm/entra"
	"example.com/landfall/internal/sandbox/awsgate/faultplan"
)

// call is one request to Resource Manager on its way through.
type call struct {
	w         http.ResponseWriter
	r         *http.Request
	path      armid.Path
	version   string
	principal string
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.once.Do(func() { s.base.Store("https://" + r.Host) })
	path := r.URL.Path
	switch {
	case strings.HasPrefix(path, "/_landfall/"):
		s.admin.ServeHTTP(w, r)
	case path == "/metadata/endpoints":
		s.writeMetadata(w, r)
	case s.tokens.Serves(path):
		s.tokens.Handler().ServeHTTP(w, r)
	case strings.HasPrefix(path, "/_vault/"):
		s.serveVault(w, r)
	default:
		s.serveManager(w, r)
	}
}

// shortDeployments is the form of a path that the deployment operations of
// Azure's own SDK still use: without the provider of deployments.
var shortDeployments = regexp.MustCompile(`(?i)^(/subscriptions/[^/]+(?:/resourcegroups/[^/]+)?)/deployments\b`)

// serveManager goes through what every request to Resource Manager goes
// through: identifiers, budget, token, path, version, faults, role.
func (s *Server) serveManager(w http.ResponseWriter, r *http.Request) {
	s.stampHeaders(w, r)
	caller, err := s.tokens.Judge(r, s.managerAudiences(r)...)
	if err != nil {
		s.challenge(w, r, err)
		return
	}
	path, err := armid.ParsePath(shortDeployments.ReplaceAllString(r.URL.EscapedPath(), "$1/providers/Microsoft.Resources/deployments"))
	if err != nil {
		writeError(w, armerror.BadRequest("InvalidRequestUri", "The request URI is not valid: %s.", err))
		return
	}
	c := &call{w: w, r: r, path: path, version: r.URL.Query().Get("api-version"), principal: caller.Principal}
	if err := s.plane.CheckVersion(c.kind(), c.version); err != nil {
		writeError(w, err)
		return
	}
	if err := s.plane.Authorize(c.principal, c.action(), c.path.ID); err != nil {
		writeError(w, err)
		return
	}
	s.withFault(c, func() { s.dispatch(c) })
}

func (s *Server) managerAudiences(r *http.Request) []string {
	return append(audiences(), "https://"+r.Host)
}

// challenge answers 401 as Resource Manager does.
func (s *Server) challenge(w http.ResponseWriter, r *http.Request, cause error) {
	code := "InvalidAuthenticationToken"
	switch cause {
	case entra.ErrMissing:
		code = "AuthenticationFailed"
	case entra.ErrExpired:
		code = "ExpiredAuthenticationToken"
	case entra.ErrAudience:
		code = "InvalidAuthenticationTokenAudience"
	}
	w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer authorization_uri="https://%s/%s", error="invalid_token", error_description="%s"`, r.Host, s.options.Tenant, cause))
	writeError(w, armerror.New(http.StatusUnauthorized, code, "%s", cause))
}

// kind is the type a request is about, for versions, faults and roles.
func (c *call) kind() string {
	switch {
	case c.path.Namespace != "" && c.path.Tail != "":
		return c.path.Namespace + "/" + c.path.Tail
	case c.path.Namespace != "":
		return c.path.Namespace
	case c.path.Tail != "" && c.r.Method == http.MethodGet && c.path.ID.IsResource():
		return c.path.ID.Type() + "/" + c.path.Tail
	}
	return c.path.ID.Type()
}

// action is the operation as role definitions name it.
func (c *call) action() string {
	kind := c.kind()
	if kind == "Microsoft.Resources/subscriptions" || c.path.ID.IsGroup() && c.path.Namespace == "" {
		kind = "Microsoft.Resources/subscriptions"
		if c.path.ID.IsGroup() || strings.EqualFold(c.path.Tail, "resourceGroups") {
			kind += "/resourceGroups"
		}
	}
	switch c.r.Method {
	case http.MethodPut, http.MethodPatch:
		return kind + "/write"
	case http.MethodDelete:
		return kind + "/delete"
	case http.MethodPost:
		if c.path.ID.IsResource() && c.path.Namespace == "" && c.path.Tail != "" {
			return kind + "/" + c.path.Tail + "/action"
		}
		return kind + "/action"
	}
	return kind + "/read"
}

// withFault lets a fault rule spoil the call: Service is the resource type,
// Operation the method.
func (s *Server) withFault(c *call, serve func()) {
	f := s.faults.Next(c.kind(), c.r.Method)
	switch f.Kind {
	case faultplan.Throttle:
		c.w.Header().Set("Retry-After", "1")
		writeError(c.w, armerror.New(http.StatusTooManyRequests, "TooManyRequests", "The request is being throttled as the limit has been reached for operation type '%s'. Please try again after '1' seconds.", c.r.Method))
	case faultplan.Error500:
		writeError(c.w, armerror.New(http.StatusInternalServerError, "InternalServerError", "Encountered internal server error. Diagnostic information: timestamp '%s'.", s.options.Now().UTC().Format(time.RFC3339)))
	case faultplan.Reset:
		panic(http.ErrAbortHandler)
	case faultplan.EffectThenTimeout:
		c.w = nowhere{header: http.Header{}}
		serve()
		// Cutting the connection without an answer is the documented use of
		// this value; the client cannot know whether the call took effect.
		panic(http.ErrAbortHandler)
	case faultplan.Delay:
		timer := time.NewTimer(f.Delay)
		defer timer.Stop()
		select {
		case <-timer.C:
			serve()
		case <-c.r.Context().Done():
		}
	default:
		serve()
	}
}

// nowhere takes an answer that nobody gets.
type nowhere struct{ header http.Header }

func (n nowhere) Header() http.Header         { return n.header }
func (n nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (n nowhere) WriteHeader(int)             {}

// body reads the request's JSON object.
func (c *call) body() (map[string]any, error) {
	data, err := io.ReadAll(http.MaxBytesReader(nil, c.r.Body, document.MaxBytes))
	if err != nil {
		return nil, armerror.New(http.StatusRequestEntityTooLarge, "RequestContentTooLarge", "The request content size exceeds the maximum size of %d bytes.", document.MaxBytes)
	}
	m, err := document.DecodeObject(data)
	if err != nil {
		return nil, armerror.BadRequest("InvalidRequestContent", "The request content was invalid and could not be deserialized: '%s'.", err)
	}
	return m, nil
}
