package order

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Limits of one order. They bound the request body and the transaction.
const (
	MaxLines    = 20
	MaxQuantity = 50
	MaxIDLength = 64
)

// What can be wrong with an order. The web server turns each into a status.
var (
	// ErrInvalid: the content breaks a rule and never will be accepted.
	ErrInvalid = errors.New("the order is not valid")
	// ErrDifferent: the id is taken by an order with another content.
	ErrDifferent = errors.New("an order with this id and another content exists")
	// ErrSequenceTaken: the customer has another order with this number.
	ErrSequenceTaken = errors.New("the customer has another order with this sequence number")
	// ErrOutOfStock: not enough copies on hand.
	ErrOutOfStock = errors.New("not enough copies on hand")
)

// Line is one book of an order.
type Line struct {
	BookID   int64 `json:"bookId"`
	Quantity int   `json:"quantity"`
}

// Content is what the customer sends. Sequence counts the customer's own
// orders, so that a reordering between client and database can be seen.
type Content struct {
	Customer string `json:"customer"`
	Sequence int64  `json:"sequence"`
	Lines    []Line `json:"lines"`
}

// Check returns an error that wraps ErrInvalid and names the first broken rule.
func (c Content) Check() error {
	if !plainName(c.Customer) {
		return fmt.Errorf("%w: customer %q: want 1 to %d letters, digits, '.', '_', '@' or '-'", ErrInvalid, c.Customer, MaxIDLength)
	}
	if c.Sequence < 1 {
		return fmt.Errorf("%w: sequence %d: want 1 or more", ErrInvalid, c.Sequence)
	}
	if len(c.Lines) < 1 || len(c.Lines) > MaxLines {
		return fmt.Errorf("%w: %d lines: want 1 to %d", ErrInvalid, len(c.Lines), MaxLines)
	}
	seen := make(map[int64]bool, len(c.Lines))
	for i, line := range c.Lines {
		if line.BookID < 1 || seen[line.BookID] {
			return fmt.Errorf("%w: line %d: book %d is repeated or not a book number", ErrInvalid, i+1, line.BookID)
		}
		if line.Quantity < 1 || line.Quantity > MaxQuantity {
			return fmt.Errorf("%w: line %d: quantity %d: want 1 to %d", ErrInvalid, i+1, line.Quantity, MaxQuantity)
		}
		seen[line.BookID] = true
	}
	return nil
}

// CheckID returns an error that wraps ErrInvalid when id cannot be a client
// order id.
func CheckID(id string) error {
	if !plainName(id) {
		return fmt.Errorf("%w: order id %q: want 1 to %d letters, digits, '.', '_', '@' or '-'", ErrInvalid, id, MaxIDLength)
	}
	return nil
}

// Hash is the SHA-256 of the content in a form of its own rather than of the
// JSON, because JSON of the same order may differ in spaces and key order,
// and because the audit rebuilds the content from table rows.
func (c Content) Hash() string {
	sum := sha256.Sum256([]byte(c.canonical()))
	return hex.EncodeToString(sum[:])
}

func (c Content) canonical() string {
	var b strings.Builder
	b.WriteString("order/1\n")
	b.WriteString(strconv.Quote(c.Customer))
	b.WriteString("\n")
	b.WriteString(strconv.FormatInt(c.Sequence, 10))
	for _, line := range c.Lines {
		fmt.Fprintf(&b, "\n%d x %d", line.BookID, line.Quantity)
	}
	return b.String()
}

// plainName keeps names free of whatever would need escaping in a URL path,
// a LIKE pattern of the audit or a log line; '_' is escaped there.
func plainName(s string) bool {
	if len(s) < 1 || len(s) > MaxIDLength {
		return false
	}
	for _, r := range s {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		if !letter && !strings.ContainsRune("._@-", r) {
			return false
		}
	}
	return true
}
