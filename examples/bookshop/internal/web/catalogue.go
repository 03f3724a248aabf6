package web

import (
	"crypto/rand"
	"net/http"
	"strconv"
	"strings"

	"example.com/landfall/examples/bookshop/internal/store"
)

// maxQuery bounds a search, in bytes; trigrams of more cost and find nothing.
const maxQuery = 100

func (s *Server) home(w http.ResponseWriter, r *http.Request) {
	best, err := s.opts.Store.BestSellers(r.Context(), 6)
	if err != nil {
		s.answerTrouble(w, r, err)
		return
	}
	newest, err := s.opts.Store.Newest(r.Context(), 12)
	if err != nil {
		s.answerTrouble(w, r, err)
		return
	}
	s.seen(r, 0)
	s.page(w, http.StatusOK, "home", view{Title: "Books, delivered", Data: map[string][]store.Book{"Best": best, "Newest": newest}})
}

func (s *Server) books(w http.ResponseWriter, r *http.Request) {
	page := 1
	if text := r.URL.Query().Get("page"); text != "" {
		var err error
		if page, err = strconv.Atoi(text); err != nil || page < 1 || page > 1_000_000 {
			s.fail(w, r, http.StatusBadRequest, "A page is a number from 1 on.")
			return
		}
	}
	found, err := s.opts.Store.Books(r.Context(), page)
	if err != nil {
		s.answerTrouble(w, r, err)
		return
	}
	s.seen(r, 0)
	if !wantsPage(r) {
		s.json(w, http.StatusOK, found)
		return
	}
	s.page(w, http.StatusOK, "books", view{Title: "All books", Data: found})
}

func (s *Server) book(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil || id < 1 {
		s.fail(w, r, http.StatusNotFound, "We do not have that book.")
		return
	}
	found, err := s.opts.Store.Book(r.Context(), id)
	if err != nil {
		s.answerTrouble(w, r, err)
		return
	}
	s.seen(r, id)
	if !wantsPage(r) {
		s.json(w, http.StatusOK, found)
		return
	}
	// The form carries the order's id, so that sending it twice orders once.
	form := map[string]any{"Book": found, "OrderID": "web-" + rand.Text(), "Sequence": s.opts.Now().UnixMilli()}
	s.page(w, http.StatusOK, "book", view{Title: found.Title, Data: form})
}

func (s *Server) search(w http.ResponseWriter, r *http.Request) {
	query := strings.TrimSpace(r.URL.Query().Get("q"))
	if query == "" || len(query) > maxQuery {
		s.fail(w, r, http.StatusBadRequest, "Please give between 1 and 100 letters to search for.")
		return
	}
	found, err := s.opts.Store.Search(r.Context(), strings.ToValidUTF8(strings.ReplaceAll(query, "\x00", ""), ""))
	if err != nil {
		s.answerTrouble(w, r, err)
		return
	}
	s.seen(r, 0)
	if !wantsPage(r) {
		s.json(w, http.StatusOK, map[string]any{"query": query, "books": found})
		return
	}
	s.page(w, http.StatusOK, "search", view{Title: "Search", Query: query, Data: found})
}

// seen records a page view.
func (s *Server) seen(r *http.Request, book int64) {
	s.views.add(store.View{
		At: s.opts.Now(), Instance: s.opts.Instance, Path: r.URL.Path, BookID: book, Client: client(r).Addr(),
	})
}
