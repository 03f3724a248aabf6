package history

import (
	"fmt"
	"math/rand/v2"
	"strconv"
)

// endpoint is one kind of request to the shop. Its name is that of the
// critical flow that discovery has to find in the access log.
type endpoint struct {
	name   string
	weight int
	method string
	// api says that the balancer's rule sends it to the second target group.
	api bool
	// medianMillis and sigma describe how long the shop takes when it is not busy.
	medianMillis, sigma float64
	sentBytes           int
	path                func(r *rand.Rand, objects int) string
}

func endpoints() []endpoint {
	return []endpoint{
		{"home", 140, "GET", false, 18, 0.45, 14_200, func(*rand.Rand, int) string { return "/" }},
		{"list", 110, "GET", false, 30, 0.50, 22_900, func(r *rand.Rand, _ int) string { return "/books?page=" + strconv.Itoa(1+r.IntN(40)) }},
		{"book", 270, "GET", false, 14, 0.55, 9_300, func(r *rand.Rand, n int) string { return "/books/" + strconv.Itoa(popular(r, n)) }},
		{"search", 110, "GET", false, 85, 0.65, 12_400, func(r *rand.Rand, _ int) string { return "/search?q=" + words()[r.IntN(len(words()))] }},
		{"cover", 210, "GET", false, 9, 0.60, 38_000, func(r *rand.Rand, n int) string { return fmt.Sprintf("/covers/%d.jpg", popular(r, n)) }},
		{"place-order", 50, "PUT", true, 120, 0.50, 640, func(r *rand.Rand, _ int) string { return "/orders/" + orderID(r) }},
		{"order", 60, "GET", true, 22, 0.50, 2_100, func(r *rand.Rand, _ int) string { return "/orders/" + orderID(r) }},
		{"invoice", 20, "GET", true, 60, 0.70, 48_000, func(r *rand.Rand, _ int) string { return "/orders/" + orderID(r) + "/invoice" }},
		{"static", 30, "GET", false, 2, 0.30, 5_100, func(r *rand.Rand, _ int) string { return "/static/style.css" }},
	}
}

// popular picks a title: a few sell most.
func popular(r *rand.Rand, objects int) int {
	u := r.Float64()
	return 1 + int(u*u*u*float64(max(objects, 1)-1))
}

func orderID(r *rand.Rand) string {
	a, b := r.Uint64(), r.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>52, b&0xffffffffffff)
}

func words() []string {
	return []string{"sea", "garden", "history+of+salt", "winter", "cooking", "rivers", "chess", "atlas", "night+trains", "poems", "bees", "bread"}
}

func agents() []string {
	return []string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.1 Mobile/15E148 Safari/604.1",
		"Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
		"bookshop-app/4.2 (Android 16)",
		"price-watch/2.1 (+https://watch.example/bot)",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Safari/605.1.15 \\x22quoted\\x22",
	}
}

// inventClients makes the public addresses customers come from. 100.64.0.0/10
// is carrier-grade NAT space (RFC 6598): nobody's real address.
func (m *model) inventClients() []string {
	r := m.random("clients", 0)
	list := make([]string, 0, 4000)
	seen := map[string]bool{}
	for len(list) < cap(list) {
		a := fmt.Sprintf("100.%d.%d.%d", 64+r.IntN(64), r.IntN(256), 1+r.IntN(254))
		if !seen[a] {
			seen[a] = true
			list = append(list, a)
		}
	}
	return list
}
