package load

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"example.com/landfall/examples/bookshop/internal/journal"
	"example.com/landfall/examples/bookshop/internal/order"
	"example.com/landfall/examples/bookshop/internal/trouble"
)

const (
	wantsHTML = "text/html"
	wantsJSON = "application/json"
)

// catalogue is what the generator knows of the shop: real numbers and words,
// learned from it, so that requests hit.
type catalogue struct {
	books []int64
	words []string
	pages int
}

// learn reads the first pages of the catalogue.
func learn(ctx context.Context, c *client) (catalogue, error) {
	const maxPages = 20
	known := catalogue{pages: 1}
	for page := 1; page <= min(known.pages, maxPages); page++ {
		path := fmt.Sprintf("/books?page=%d", page)
		got, err := c.do(ctx, http.MethodGet, path, nil, wantsJSON)
		if err == nil && got.status != http.StatusOK {
			err = fmt.Errorf("status %d", got.status)
		}
		if err != nil {
			return catalogue{}, trouble.Of(trouble.Unavailable, "read catalogue", c.base.String()+path, err)
		}
		var found struct {
			Pages int `json:"pages"`
			Books []struct {
				ID    int64  `json:"id"`
				Title string `json:"title"`
			} `json:"books"`
		}
		if err := json.Unmarshal(got.body, &found); err != nil {
			return catalogue{}, trouble.Of(trouble.Invalid, "read catalogue", c.base.String()+path, err)
		}
		known.pages = found.Pages
		for _, book := range found.Books {
			known.books = append(known.books, book.ID)
			known.words = append(known.words, strings.Fields(book.Title)...)
		}
	}
	if len(known.books) == 0 {
		return catalogue{}, trouble.Of(trouble.NotFound, "read catalogue", c.base.String(), errors.New("it is empty: run \"bookshop stock\" first"))
	}
	return known, nil
}

// request sends one request of the route and returns its class and the peer.
func (r *runner) request(ctx context.Context, c *client, route Route, random *rand.Rand) (class, address string) {
	book := r.known.books[random.IntN(len(r.known.books))]
	switch route {
	case Search:
		word := r.known.words[random.IntN(len(r.known.words))]
		return get(ctx, c, "/search?q="+url.QueryEscape(word), wantsHTML)
	case Cover:
		return get(ctx, c, fmt.Sprintf("/covers/%d.jpg", book), "image/*")
	case Order:
		return r.order(ctx, c, random)
	}
	accept := []string{wantsHTML, wantsJSON}[random.IntN(2)]
	switch random.IntN(5) {
	case 0:
		return get(ctx, c, "/", wantsHTML)
	case 1, 2:
		return get(ctx, c, fmt.Sprintf("/books?page=%d", 1+random.IntN(r.known.pages)), accept)
	}
	return get(ctx, c, fmt.Sprintf("/books/%d", book), accept)
}

func get(ctx context.Context, c *client, path, accept string) (class, address string) {
	got, err := c.do(ctx, http.MethodGet, path, nil, accept)
	switch {
	case err != nil:
		return classOf(err), got.address
	case got.status != http.StatusOK:
		return fmt.Sprintf("status-%d", got.status), got.address
	case accept == "image/*" && !bytes.HasPrefix(got.body, []byte("\xff\xd8")):
		return "bad-content", got.address
	}
	return ok, got.address
}

// classOf names the class of a request without an answer.
func classOf(err error) string {
	var timeout net.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "timeout"
	case trouble.KindOf(err) != trouble.Internal:
		return "resolve"
	}
	return "connection"
}

// order places one order: into the journal, to the shop, and its outcome into
// the journal. An unknown outcome is tried again with the same id.
func (r *runner) order(ctx context.Context, c *client, random *rand.Rand) (class, address string) {
	id, customer := r.customers.next()
	content := order.Content{Customer: customer.name, Sequence: customer.sequence}
	for range 1 + random.IntN(3) {
		book := r.known.books[random.IntN(len(r.known.books))]
		if !has(content.Lines, book) {
			content.Lines = append(content.Lines, order.Line{BookID: book, Quantity: 1 + random.IntN(2)})
		}
	}
	body, err := json.Marshal(content)
	if err != nil {
		return "internal", ""
	}
	outcome := journal.Unknown
	var got answer
	attempt := 1
	for ; ; attempt++ {
		try := journal.Try{ID: id, Customer: content.Customer, Sequence: content.Sequence, Hash: content.Hash(), Attempt: attempt}
		if err := r.opts.Journal.Try(try); err != nil {
			r.giveUp(err)
			return "journal", ""
		}
		var err error
		got, err = c.do(ctx, http.MethodPut, "/orders/"+id, bytes.NewReader(body), wantsJSON)
		outcome, class = judge(got, err, try, outcome == journal.Unknown && attempt > 1)
		if outcome != journal.Unknown || attempt > r.opts.Retries {
			break
		}
		time.Sleep(time.Duration(50<<min(attempt, 5)) * time.Millisecond) // up to 1.6 s, in a goroutine of its own
	}
	if err := r.opts.Journal.End(id, outcome, got.status); err != nil {
		r.giveUp(err)
		return "journal", got.address
	}
	r.report.order(outcome, attempt)
	r.customers.back(customer, outcome)
	return class, got.address
}

// judge says what an answer means for the order. unsure is true when an
// earlier attempt may have been accepted: then a refusal, which speaks for
// this attempt only, settles nothing.
func judge(got answer, err error, try journal.Try, unsure bool) (journal.Outcome, string) {
	if err != nil {
		return journal.Unknown, classOf(err)
	}
	var placed struct {
		ID   string `json:"id"`
		Hash string `json:"hash"`
	}
	class := fmt.Sprintf("status-%d", got.status)
	switch said := got.header.Get("Bookshop-Outcome"); {
	case said == "accepted" && (got.status == http.StatusOK || got.status == http.StatusCreated):
		if json.Unmarshal(got.body, &placed) != nil || placed.ID != try.ID || placed.Hash != try.Hash {
			return journal.Unknown, "bad-content"
		}
		return journal.Accepted, ok
	case said == "refused" && !unsure:
		return journal.Refused, class
	}
	// Without the shop's own word the answer may be a proxy's.
	return journal.Unknown, class
}

func has(lines []order.Line, book int64) bool {
	for _, line := range lines {
		if line.BookID == book {
			return true
		}
	}
	return false
}
