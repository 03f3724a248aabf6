package kpi_test

import (
	"strings"
	"testing"

	"example.com/landfall/internal/kpi"
)

func TestRoute(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"": "/", "/": "/", "//": "/", "/books": "/books", "/books/": "/books", "/books//17": "/books/{n}", "/books?page=2": "/books", "/a#b": "/a",
		"/orders/6fa459ea-ee8a-4ca4-894e-db77e160355e/invoice": "/orders/{uuid}/invoice", "/orders/6FA459EA-EE8A-4CA4-894E-DB77E160355E": "/orders/{uuid}",
		"/covers/17.jpg": "/covers/{n}.jpg", "/v1/users/42": "/v1/users/{n}", "/oauth2/token": "/oauth2/token", "/s3/put": "/s3/put", "/2026-01-31/report": "/{date}/report",
		"/commit/deadbeef42": "/commit/{hex}", "/deadbeef": "/deadbeef", "/cafe": "/cafe", "/feedface": "/feedface", "/assets/app.3f2a9c1d.js": "/assets/app.{hex}.js",
		"/u/01ARZ3NDEKTSV4RRFFQ69G5FAV": "/u/{id}", "/reset/eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9": "/reset/{id}", "/a-very-long-title-of-a-book-1234": "/a-very-long-title-of-a-book-{n}",
		"/mail/a@b.example": "/mail/{mail}", "/mail/a%40b.example": "/mail/{mail}", "/order-1001": "/order-{n}", "/en-us/home": "/en-us/home", "/x;jsessionid=1234/y": "/x/y", "/;a=1": "/",
		"/" + strings.Repeat("x", 81): "/{long}", "/" + strings.Repeat("7", 90): "/{n}", strings.Repeat("/a", 13): strings.Repeat("/a", 12) + "/{rest}", "/b%C3%BCcher": "/b%C3%BCcher", "/page/2": "/page/{n}", "/jquery-3.6.0.min.js": "/jquery-{n}.{n}.{n}.min.js",
		"books/7": "/books/{n}", "/.well-known/x": "/.well-known/x", "/..": "/..", "/a_1~2,3:4": "/a_{n}~{n},{n}:{n}",
	} {
		if got := kpi.Route(path); got != want {
			t.Errorf("%q is %q, want %q", path, got, want)
		}
	}
}

// A route is its own route, whatever the path was, and no longer than bounded.
func FuzzRoute(f *testing.F) {
	for _, seed := range []string{"/books/17?x", "/a/6fa459ea-ee8a-4ca4-894e-db77e160355e", "/;/@", strings.Repeat("/1", 40), "\x00/\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		route := kpi.Route(path)
		if route == "" || route[0] != '/' || len(route) > 12*260+8 || strings.ContainsAny(route, "?#;") {
			t.Errorf("%q has the route %q", path, route)
		}
		if string(kpi.AppendRoute([]byte("x"), path)) != "x"+route {
			t.Errorf("%q is appended as another", path)
		}
	})
}
