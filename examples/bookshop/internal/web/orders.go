package web

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"example.com/landfall/examples/bookshop/internal/order"
	"example.com/landfall/examples/bookshop/internal/store"
	"example.com/landfall/examples/bookshop/internal/trouble"
)

// outcomeHeader says in one word what became of an order, so that a client
// can tell the shop's own answer from that of a proxy on the way.
const outcomeHeader = "Bookshop-Outcome"

// maxOrder bounds the body of an order.
const maxOrder = 16 << 10

func (s *Server) putOrder(w http.ResponseWriter, r *http.Request) {
	var content order.Content
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxOrder))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&content); err != nil || decoder.More() {
		s.refuse(w, r, http.StatusBadRequest, "The body is not an order: want customer, sequence and lines.")
		return
	}
	placed, created, ok := s.place(w, r, r.PathValue("id"), content)
	if !ok {
		return
	}
	w.Header().Set(outcomeHeader, "accepted")
	w.Header().Set("Location", "/orders/"+placed.ID)
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	s.json(w, status, placed)
}

// postOrder takes the form on a book's page and leads to the order's page.
func (s *Server) postOrder(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxOrder)
	if err := r.ParseForm(); err != nil {
		s.refuse(w, r, http.StatusBadRequest, "The form could not be read.")
		return
	}
	book, bookErr := strconv.ParseInt(r.PostForm.Get("book"), 10, 64)
	quantity, quantityErr := strconv.Atoi(r.PostForm.Get("quantity"))
	sequence, sequenceErr := strconv.ParseInt(r.PostForm.Get("sequence"), 10, 64)
	if errors.Join(bookErr, quantityErr, sequenceErr) != nil {
		s.refuse(w, r, http.StatusBadRequest, "The form is not complete.")
		return
	}
	content := order.Content{
		Customer: strings.TrimSpace(r.PostForm.Get("customer")), Sequence: sequence,
		Lines: []order.Line{{BookID: book, Quantity: quantity}},
	}
	placed, _, ok := s.place(w, r, r.PostForm.Get("id"), content)
	if ok {
		http.Redirect(w, r, "/orders/"+placed.ID, http.StatusSeeOther)
	}
}

// place places the order; when it does not, it has answered and ok is false.
func (s *Server) place(w http.ResponseWriter, r *http.Request, id string, content order.Content) (placed store.Order, created, ok bool) {
	placed, created, err := s.opts.Store.Place(r.Context(), id, content)
	switch {
	case err == nil:
		if created {
			s.opts.Metrics.Orders.WithLabelValues("accepted").Inc()
			s.opts.Ordered()
		} else {
			s.opts.Metrics.Orders.WithLabelValues("repeated").Inc()
		}
		return placed, created, true
	case errors.Is(err, order.ErrInvalid):
		s.refuse(w, r, http.StatusUnprocessableEntity, err.Error())
	case errors.Is(err, order.ErrDifferent), errors.Is(err, order.ErrSequenceTaken):
		s.refuse(w, r, http.StatusConflict, err.Error())
	case errors.Is(err, order.ErrOutOfStock):
		s.refuse(w, r, http.StatusUnprocessableEntity, "We do not have that many copies.")
	case trouble.Is(err, trouble.Unknown):
		s.opts.Metrics.Orders.WithLabelValues("unknown").Inc()
		w.Header().Set(outcomeHeader, "unknown")
		s.answerTrouble(w, r, err)
	default:
		s.opts.Metrics.Orders.WithLabelValues("refused").Inc()
		w.Header().Set(outcomeHeader, "refused")
		s.answerTrouble(w, r, err)
	}
	return store.Order{}, false, false
}

func (s *Server) refuse(w http.ResponseWriter, r *http.Request, status int, message string) {
	s.opts.Metrics.Orders.WithLabelValues("refused").Inc()
	w.Header().Set(outcomeHeader, "refused")
	s.fail(w, r, status, message)
}

func (s *Server) getOrder(w http.ResponseWriter, r *http.Request) {
	found, err := s.opts.Store.Order(r.Context(), r.PathValue("id"))
	if err != nil {
		s.answerTrouble(w, r, err)
		return
	}
	if !wantsPage(r) {
		s.json(w, http.StatusOK, found)
		return
	}
	s.page(w, http.StatusOK, "order", view{Title: "Order " + strconv.FormatInt(found.Number, 10), Data: found})
}

// invoice fills the form that the database keeps as a large object.
func (s *Server) invoice(w http.ResponseWriter, r *http.Request) {
	found, err := s.opts.Store.Order(r.Context(), r.PathValue("id"))
	if err != nil {
		s.answerTrouble(w, r, err)
		return
	}
	form, err := s.opts.Store.InvoiceTemplate(r.Context(), "standard")
	if err != nil {
		s.answerTrouble(w, r, err)
		return
	}
	var lines []string
	for i, line := range found.Content.Lines {
		lines = append(lines, strconv.Itoa(line.Quantity)+" x "+found.Titles[i])
	}
	text := strings.NewReplacer(
		"{number}", strconv.FormatInt(found.Number, 10), "{date}", found.PlacedAt.UTC().Format("2 January 2006"),
		"{id}", found.ID, "{customer}", found.Content.Customer, "{lines}", strings.Join(lines, "\n"),
		"{total}", money(found.TotalCents), "{status}", found.Status,
	).Replace(form)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte(text)) // the client went away; there is nobody to tell
}
