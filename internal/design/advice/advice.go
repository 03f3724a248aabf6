package advice

import (
	"example.com/landfall/internal/design"
)

// Family returns the family that advises when all others are done.
func Family() design.Family {
	return design.Family{Name: "advice", Finish: func(c *design.Context) {
		egress, notes := egress(c)
		c.Advise(regions(c), quotas(c), egress, notes...)
	}}
}
