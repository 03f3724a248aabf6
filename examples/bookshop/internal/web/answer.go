package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"strings"

	"example.com/landfall/examples/bookshop/internal/trouble"
)

// parsePages parses each page together with the layout around it.
func parsePages() (map[string]*template.Template, error) {
	functions := template.FuncMap{
		"money": money,
		"plus":  func(a, b int) int { return a + b },
	}
	pages := map[string]*template.Template{}
	for _, name := range []string{"home", "books", "book", "search", "order", "message"} {
		page, err := template.New("layout.html").Funcs(functions).ParseFS(pageFiles, "pages/layout.html", "pages/parts.html", "pages/"+name+".html")
		if err != nil {
			return nil, trouble.Of(trouble.Internal, "parse page", name, err)
		}
		pages[name] = page
	}
	return pages, nil
}

func money(cents int64) string { return fmt.Sprintf("$%d.%02d", cents/100, cents%100) }

// wantsPage reports whether the client is a browser. Everything else gets JSON.
func wantsPage(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), "text/html")
}

// view is what a page gets: its title, the instance that made it and its data.
type view struct {
	Title    string
	Instance string
	Query    string
	Data     any
}

// page writes an HTML page. It is rendered in full before the first byte is
// sent, so that a template error cannot leave half a page with status 200.
func (s *Server) page(w http.ResponseWriter, status int, name string, v view) {
	v.Instance = s.opts.Instance
	var b bytes.Buffer
	if err := s.pages[name].Execute(&b, v); err != nil {
		s.opts.Log.Error("render page", "page", name, "error", err)
		http.Error(w, "This page could not be made.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Vary", "Accept")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the client went away; there is nobody to tell
}

func (s *Server) json(w http.ResponseWriter, status int, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		s.opts.Log.Error("encode answer", "error", err)
		http.Error(w, "This answer could not be made.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Vary", "Accept")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // the client went away; there is nobody to tell
}

// fail answers with a message for people, as a page or as JSON.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, status int, message string) {
	if wantsPage(r) {
		s.page(w, status, "message", view{Title: http.StatusText(status), Data: message})
		return
	}
	s.json(w, status, map[string]string{"error": message})
}

// answerTrouble answers a request that met trouble below. The text of err
// goes to the log only.
func (s *Server) answerTrouble(w http.ResponseWriter, r *http.Request, err error) {
	status, message := http.StatusInternalServerError, "Something went wrong on our side."
	switch trouble.KindOf(err) {
	case trouble.NotFound:
		status, message = http.StatusNotFound, "We do not have that."
	case trouble.ReadOnly:
		s.opts.Metrics.ReadOnly.Inc()
		w.Header().Set("Retry-After", "2")
		status, message = http.StatusServiceUnavailable, "We take no orders at this moment. Please try again in a little while."
	case trouble.Unavailable, trouble.Canceled, trouble.Denied:
		w.Header().Set("Retry-After", "2")
		status, message = http.StatusServiceUnavailable, "We cannot look that up at this moment. Please try again in a little while."
	}
	if status >= http.StatusInternalServerError {
		s.opts.Log.Warn("request met trouble", "route", r.Pattern, "status", status, "error", err)
	}
	s.fail(w, r, status, message)
}
