package roles

import (
	"context"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/move/postgres/pg"
)

// Applied is what Apply has done, and what the target refused.
type Applied struct {
	// Done are the statements that were executed, Present those whose role was there
	// already.
	Done    []string  `json:"done"`
	Present []string  `json:"present,omitempty"`
	Refused []Refused `json:"refused,omitempty"`
}

// Refused is a statement that the target did not take.
type Refused struct {
	Statement
	Why string `json:"why"`
}

// duplicate is duplicate_object (PostgreSQL manual, "PostgreSQL Error Codes").
const duplicate = "42710"

// Apply executes a plan on the target. It can be repeated: a role that is there
// stays as it is, and everything else says the same twice. A statement that the
// server refuses is listed and the rest goes on, because one role less is better
// than none; a connection that is lost, and a context that ends, are errors.
func Apply(ctx context.Context, conn *pgx.Conn, plan Plan) (Applied, error) {
	var out Applied
	for _, s := range plan.Statements {
		_, err := conn.Exec(ctx, s.SQL)
		switch code := pg.Code(err); {
		case err == nil:
			out.Done = append(out.Done, s.SQL)
		case code == duplicate:
			out.Present = append(out.Present, s.SQL)
		case code == "" || slices.Contains([]string{"08", "57", "58"}, code[:2]):
			return out, pg.Fault(err, "make role", s.Role)
		default:
			out.Refused = append(out.Refused, Refused{s, pg.Fault(err, "make role", s.Role).Error()})
		}
	}
	return out, nil
}

// Undo takes back what was only for the move.
func Undo(ctx context.Context, conn *pgx.Conn, plan Plan) (Applied, error) {
	var back Plan
	for _, s := range slices.Backward(plan.Statements) {
		if strings.TrimSpace(s.Undo) != "" {
			back.Statements = append(back.Statements, Statement{SQL: s.Undo, Role: s.Role})
		}
	}
	return Apply(ctx, conn, back)
}
