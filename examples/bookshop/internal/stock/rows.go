package stock

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"example.com/landfall/examples/bookshop/internal/order"
)

// rows are the tables of a stocked shop, ready for COPY. Numbers that other
// tables refer to are given out here rather than by the database.
type rows struct {
	categories, publishers, authors, books, bookAuthors [][]any
	customers, orders, lines, events, ledger, movements [][]any
	onHand                                              []int64 // by book number - 1
	prices                                              []int64
}

// generate makes all rows. Past orders lie in the 60 days before now.
func generate(opts Options, now time.Time) (*rows, error) {
	r := rand.New(rand.NewPCG(opts.Seed, 0x626f6f6b)) // its own stream, so that other uses of the seed do not shift it
	g := &rows{}
	for i, name := range strings.Fields(categories) {
		g.categories = append(g.categories, []any{int32(i + 1), name})
	}
	for i, name := range strings.Fields(presses) {
		g.publishers = append(g.publishers, []any{int32(i + 1), name + " Press"})
	}
	authors := authorRows(g, opts.Books)
	for id := int64(1); id <= int64(opts.Books); id++ {
		g.addBook(r, id, authors)
	}
	return g, g.addOrders(r, opts.Orders, now)
}

// authorRows makes an author for every third book, out of all pairs of names.
func authorRows(g *rows, books int) int {
	first, last := strings.Fields(givens), strings.Fields(families)
	count := min(books/3+1, len(first)*len(last))
	for i := range count {
		// The step shares no factor with the number of pairs, so each pair
		// comes once, and neighbours have nothing in common.
		at := i * 1009 % (len(first) * len(last))
		g.authors = append(g.authors, []any{int32(i + 1), first[at%len(first)], last[at/len(first)]})
	}
	return count
}

func (g *rows) addBook(r *rand.Rand, id int64, authors int) {
	name, subtitle := title(r)
	var sub any
	if subtitle != "" {
		sub = subtitle
	}
	published := time.Date(1990+r.IntN(35), time.Month(1+r.IntN(12)), 1+r.IntN(28), 0, 0, 0, 0, time.UTC)
	format := pick(r, "hardback paperback paperback paperback ebook audio")
	price := int64(599 + 50*r.IntN(50))
	about := []string{pick(r, subjects)}
	if second := pick(r, subjects); second != about[0] {
		about = append(about, second)
	}
	details := map[string]any{"pages": 96 + r.IntN(600), "language": pick(r, languages)}
	g.books = append(g.books, []any{id, isbn(id), name, sub, int32(1 + r.IntN(len(g.publishers))), int32(1 + r.IntN(len(g.categories))),
		format, published, int32(price), about, details})
	author := r.IntN(authors)
	g.bookAuthors = append(g.bookAuthors, []any{id, int32(author + 1), int16(1)})
	if authors > 1 && r.IntN(8) == 0 {
		g.bookAuthors = append(g.bookAuthors, []any{id, int32((author+1)%authors + 1), int16(2)})
	}
	g.prices = append(g.prices, price)
	g.onHand = append(g.onHand, int64(20_000+r.IntN(20_000)))
}

// addOrders makes past orders, all fulfilled, with what they caused: events,
// ledger entries and stock movements.
func (g *rows) addOrders(r *rand.Rand, count int, now time.Time) error {
	moved := now.UTC().AddDate(0, 0, -61)
	for i, quantity := range g.onHand {
		g.movements = append(g.movements, []any{int64(i + 1), nil, int32(quantity), moved})
	}
	customers := max(1, count/4)
	for i := range min(customers, count) {
		g.customers = append(g.customers, []any{int64(i + 1), fmt.Sprintf("reader%05d", i+1)})
	}
	for i := range count {
		placed := moved.Add(24 * time.Hour).Add(time.Duration(i) * 60 * 24 * time.Hour / time.Duration(count))
		if err := g.addOrder(r, int64(i+1), customers, placed); err != nil {
			return err
		}
	}
	return nil
}

func (g *rows) addOrder(r *rand.Rand, number int64, customers int, placed time.Time) error {
	customer := (number-1)%int64(customers) + 1
	content := order.Content{
		Customer: fmt.Sprintf("reader%05d", customer),
		Sequence: (number-1)/int64(customers) + 1,
	}
	total := int64(0)
	for range 1 + r.IntN(3) {
		// Squared, so that some books sell much better than others.
		u := r.Float64()
		book := int64(u*u*float64(len(g.books))) + 1
		if repeated(content, book) {
			continue
		}
		quantity := 1 + r.IntN(2)
		content.Lines = append(content.Lines, order.Line{BookID: book, Quantity: quantity})
		g.lines = append(g.lines, []any{number, int16(len(content.Lines)), book, int32(quantity), int32(g.prices[book-1])})
		g.movements = append(g.movements, []any{book, number, int32(-quantity), placed})
		total += int64(quantity) * g.prices[book-1]
	}
	hash, err := hex.DecodeString(content.Hash())
	if err != nil {
		return err
	}
	done := placed.Add(time.Duration(1+r.IntN(90)) * time.Second)
	g.orders = append(g.orders, []any{number, fmt.Sprintf("stock-%08d", number), customer, content.Sequence, hash, "fulfilled", total, placed, done})
	g.events = append(g.events, []any{number, placed, "accepted"}, []any{number, done, "fulfilled"})
	amount := fmt.Sprintf("%d.%02d", total/100, total%100)
	g.ledger = append(g.ledger, []any{number, "receivable", amount, done}, []any{number, "revenue", "-" + amount, done})
	return nil
}

func repeated(content order.Content, book int64) bool {
	for _, line := range content.Lines {
		if line.BookID == book {
			return true
		}
	}
	return false
}
