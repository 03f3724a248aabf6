package store

import (
	"context"
	"net/netip"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/examples/bookshop/internal/schema"
)

// PageSize is the number of books on one page of the catalogue.
const PageSize = 24

// Book is a book as the catalogue shows it.
type Book struct {
	ID         int64     `json:"id" db:"book_id"`
	ISBN       string    `json:"isbn" db:"isbn"`
	Title      string    `json:"title" db:"title"`
	Subtitle   string    `json:"subtitle,omitempty" db:"subtitle"`
	Authors    string    `json:"authors" db:"authors"`
	Publisher  string    `json:"publisher" db:"publisher"`
	Category   string    `json:"category" db:"category"`
	Format     string    `json:"format" db:"format"`
	Published  time.Time `json:"published" db:"published_on"`
	PriceCents int64     `json:"priceCents" db:"price_cents"`
	Pages      int       `json:"pages,omitempty" db:"pages"`
	OnHand     int64     `json:"onHand" db:"on_hand"`
}

// Books is one page of the catalogue.
type Books struct {
	Page  int    `json:"page"`
	Pages int    `json:"pages"`
	Total int64  `json:"total"`
	Books []Book `json:"books"`
}

const bookColumns = `SELECT c.book_id, c.isbn, c.title, coalesce(c.subtitle, '') AS subtitle, c.authors, c.publisher, c.category,
	c.format::text AS format, c.published_on, c.price_cents, coalesce((c.details->>'pages')::int, 0) AS pages,
	coalesce(s.on_hand, 0) AS on_hand
	FROM catalogue c LEFT JOIN stock s USING (book_id) `

// Books returns a page of the catalogue, counted from 1, in the order of the
// book numbers. A page after the last has no books.
func (s *Store) Books(ctx context.Context, page int) (Books, error) {
	result := Books{Page: page}
	if err := s.pool.QueryRow(ctx, "SELECT count(*) FROM book").Scan(&result.Total); err != nil {
		return Books{}, schema.Trouble(err, "count books", "")
	}
	result.Pages = int((result.Total + PageSize - 1) / PageSize)
	var err error
	// A range of the primary key would be faster on deep pages, but the
	// numbers may have gaps; the sub-select reads the index only.
	result.Books, err = s.books(ctx, `WHERE c.book_id IN
		(SELECT book_id FROM book ORDER BY book_id LIMIT $1 OFFSET $2) ORDER BY c.book_id`, PageSize, (page-1)*PageSize)
	return result, err
}

// Book returns one book; trouble.NotFound when there is none.
func (s *Store) Book(ctx context.Context, id int64) (Book, error) {
	found, err := s.books(ctx, "WHERE c.book_id = $1", id)
	if err != nil {
		return Book{}, err
	}
	if len(found) == 0 {
		return Book{}, schema.Trouble(pgx.ErrNoRows, "read book", "")
	}
	return found[0], nil
}

// Search returns up to PageSize books: first those whose title holds the
// query as it is, then, when these do not fill the page, those that are close
// to it. Ranking all books that hold a word such as "the" by similarity would
// take a hundred times as long as the search itself.
func (s *Store) Search(ctx context.Context, query string) ([]Book, error) {
	query = strings.ToLower(strings.TrimSpace(query))
	escaped := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(query)
	found, err := s.books(ctx, "WHERE c.search_text LIKE '%' || $1 || '%' ORDER BY c.book_id LIMIT $2", escaped, PageSize)
	if err != nil || len(found) == PageSize {
		return found, err
	}
	// <% is true above pg_trgm.word_similarity_threshold, by default 0.6.
	near, err := s.books(ctx, `WHERE $2 <% c.search_text AND c.search_text NOT LIKE '%' || $1 || '%'
		ORDER BY word_similarity($2, c.search_text) DESC, c.book_id LIMIT $3`, escaped, query, PageSize-len(found))
	return append(found, near...), err
}

// BestSellers returns the books at the top of the materialised view.
func (s *Store) BestSellers(ctx context.Context, limit int) ([]Book, error) {
	return s.books(ctx, "JOIN best_seller t USING (book_id) ORDER BY t.copies DESC, c.book_id LIMIT $1", limit)
}

// Newest returns the books that were published last.
func (s *Store) Newest(ctx context.Context, limit int) ([]Book, error) {
	return s.books(ctx, `WHERE c.book_id IN (SELECT book_id FROM book ORDER BY published_on DESC, book_id LIMIT $1)
		ORDER BY c.published_on DESC, c.book_id`, limit)
}

func (s *Store) books(ctx context.Context, where string, args ...any) ([]Book, error) {
	rows, err := s.pool.Query(ctx, bookColumns+where, args...)
	if err != nil {
		return nil, schema.Trouble(err, "read books", "")
	}
	books, err := pgx.CollectRows(rows, pgx.RowToStructByName[Book])
	return books, schema.Trouble(err, "read books", "")
}

// View is one page that was looked at.
type View struct {
	At       time.Time
	Instance string
	Path     string
	BookID   int64 // 0 when the page shows no single book
	Client   netip.Addr
}

// AddViews appends to the page views. The rows have no key: calling it again
// after an error may add a view twice, which the statistics can bear.
func (s *Store) AddViews(ctx context.Context, views []View) error {
	_, err := s.pool.CopyFrom(ctx, pgx.Identifier{"shop", "page_view"},
		[]string{"viewed_at", "instance", "path", "book_id", "client"},
		pgx.CopyFromSlice(len(views), func(i int) ([]any, error) {
			v := views[i]
			row := []any{v.At, v.Instance, v.Path, nil, nil}
			if v.BookID != 0 {
				row[3] = v.BookID
			}
			if v.Client.IsValid() {
				row[4] = v.Client
			}
			return row, nil
		}))
	return s.wrote(err, "add page views", "")
}
