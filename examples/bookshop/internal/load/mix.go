package load

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"example.com/landfall/examples/bookshop/internal/trouble"
)

// Route is one kind of request.
type Route string

// The routes.
const (
	Browse Route = "browse" // the home page, catalogue pages, single books
	Search Route = "search"
	Cover  Route = "cover"
	Order  Route = "order"
)

// Routes returns all routes, in the order in which they are reported.
func Routes() []Route { return []Route{Browse, Search, Cover, Order} }

// Mix gives each route its share of the requests.
type Mix map[Route]int

// DefaultMix is what shops see: mostly looking, some buying.
func DefaultMix() Mix { return Mix{Browse: 70, Search: 10, Cover: 10, Order: 10} }

// ParseMix reads "browse=70,search=10,cover=10,order=10". Routes that are not
// named get nothing; the shares need not sum to 100.
func ParseMix(text string) (Mix, error) {
	mix, total := Mix{}, 0
	for part := range strings.SplitSeq(text, ",") {
		name, share, _ := strings.Cut(strings.TrimSpace(part), "=")
		n, err := strconv.Atoi(share)
		route := Route(name)
		known := route == Browse || route == Search || route == Cover || route == Order
		if _, twice := mix[route]; err != nil || n < 0 || n > 1000 || !known || twice {
			return nil, trouble.Of(trouble.Usage, "read mix", text, fmt.Errorf("at %q: want each of browse, search, cover, order at most once, as NAME=SHARE", part))
		}
		mix[route] = n
		total += n
	}
	if total == 0 {
		return nil, trouble.Of(trouble.Usage, "read mix", text, fmt.Errorf("all shares are 0"))
	}
	return mix, nil
}

// pick draws a route.
func (m Mix) pick(r *rand.Rand) Route {
	total := 0
	for _, route := range Routes() {
		total += m[route]
	}
	at := r.IntN(total)
	for _, route := range Routes() {
		if at -= m[route]; at < 0 {
			return route
		}
	}
	return Browse // not reached: the shares sum to total
}
