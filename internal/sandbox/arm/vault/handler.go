package vault

import (
	"encoding/json"
	"net/http"

	"example.com/landfall/internal/sandbox/arm/armerror"
)

// maxBody bounds a request.
const maxBody = 1 << 20

// Handler serves one vault. root stands before the path of every id; the
// request's path is what follows it.
func (s *Store) Handler(vault, root string) http.Handler {
	mux := http.NewServeMux()
	h := handler{s, vault, root}
	mux.HandleFunc("GET /secrets", h.one(func(*http.Request) (any, error) { return h.page(s.List(vault, false)), nil }))
	mux.HandleFunc("PUT /secrets/{name}", h.content(func(r *http.Request, c Content) (any, error) { return h.absolute(s.Set(vault, r.PathValue("name"), c)) }))
	mux.HandleFunc("GET /secrets/{name}", h.one(func(r *http.Request) (any, error) { return h.absolute(s.Get(vault, r.PathValue("name"), "")) }))
	mux.HandleFunc("GET /secrets/{name}/{$}", h.one(func(r *http.Request) (any, error) { return h.absolute(s.Get(vault, r.PathValue("name"), "")) }))
	mux.HandleFunc("GET /secrets/{name}/versions", h.one(func(r *http.Request) (any, error) {
		all, err := s.Versions(vault, r.PathValue("name"))
		return h.page(all), err
	}))
	mux.HandleFunc("GET /secrets/{name}/{version}", h.one(func(r *http.Request) (any, error) {
		return h.absolute(s.Get(vault, r.PathValue("name"), r.PathValue("version")))
	}))
	mux.HandleFunc("PATCH /secrets/{name}/{version}", h.content(func(r *http.Request, c Content) (any, error) {
		return h.absolute(s.Update(vault, r.PathValue("name"), r.PathValue("version"), c))
	}))
	mux.HandleFunc("PATCH /secrets/{name}/{$}", h.content(func(r *http.Request, c Content) (any, error) {
		return h.absolute(s.Update(vault, r.PathValue("name"), "", c))
	}))
	mux.HandleFunc("DELETE /secrets/{name}", h.one(func(r *http.Request) (any, error) { return h.absolute(s.Delete(vault, r.PathValue("name"))) }))
	mux.HandleFunc("GET /deletedsecrets", h.one(func(*http.Request) (any, error) { return h.page(s.List(vault, true)), nil }))
	mux.HandleFunc("GET /deletedsecrets/{name}", h.one(func(r *http.Request) (any, error) { return h.absolute(s.Deleted(vault, r.PathValue("name"))) }))
	mux.HandleFunc("POST /deletedsecrets/{name}/recover", h.one(func(r *http.Request) (any, error) { return h.absolute(s.Recover(vault, r.PathValue("name"))) }))
	mux.HandleFunc("DELETE /deletedsecrets/{name}", h.one(func(r *http.Request) (any, error) { return nil, s.Purge(vault, r.PathValue("name")) }))
	mux.HandleFunc("/", h.one(func(r *http.Request) (any, error) {
		return nil, armerror.NotSupported("the Key Vault operation " + r.Method + " " + r.URL.Path)
	}))
	return mux
}

type handler struct {
	store       *Store
	vault, root string
}

func (h handler) one(do func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("api-version") == "" {
			reply(w, nil, armerror.BadRequest("BadParameter", "api-version must be specified"))
			return
		}
		body, err := do(r)
		reply(w, body, err)
	}
}

func (h handler) content(do func(*http.Request, Content) (any, error)) http.HandlerFunc {
	return h.one(func(r *http.Request) (any, error) {
		var c Content
		// The decoder's own text could quote the secret, so it is not passed on.
		if err := json.NewDecoder(http.MaxBytesReader(nil, r.Body, maxBody)).Decode(&c); err != nil {
			return nil, armerror.BadRequest("BadParameter", "The request body is not a JSON object of the expected form.")
		}
		return do(r, c)
	})
}

// absolute turns the ids of a body into URLs.
func (h handler) absolute(body map[string]any, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	for _, key := range []string{"id", "recoveryId"} {
		if path, ok := body[key].(string); ok {
			body[key] = h.root + path
		}
	}
	return body, nil
}

// page answers a list. A sandbox vault fits on one page.
func (h handler) page(items []map[string]any) map[string]any {
	for i := range items {
		// absolute only fails with the error it was given.
		_, _ = h.absolute(items[i], nil)
	}
	return map[string]any{"value": items, "nextLink": nil}
}

func reply(w http.ResponseWriter, body any, err error) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if err != nil {
		e := armerror.Of(err)
		w.WriteHeader(e.Status)
		_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{"code": e.Code, "message": e.Message}}) // the client may be gone
		return
	}
	if body == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	_ = json.NewEncoder(w).Encode(body) // the client may be gone
}
