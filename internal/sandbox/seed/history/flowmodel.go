package history

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// windowSeconds is the aggregation interval of the flow log.
const windowSeconds = 600

// Port numbers of the listeners, beside the database's own.
const (
	portShop    = 8080
	portCache   = 6379
	portMySQL   = 3306
	portTLS     = 443
	paymentHost = "192.0.2.44"
	bankHost    = "192.0.2.90"
)

// load is what one window asked of the shop.
type load struct {
	requests, orders, covers [2]int // per instance
	received, sent           [2][2]int64
}

func (w *load) add(q *request, e endpoint) {
	if q.target < 0 {
		return
	}
	w.requests[q.target]++
	w.received[q.node][q.target] += q.received
	w.sent[q.node][q.target] += q.sent
	switch e.name {
	case "place-order":
		w.orders[q.target]++
	case "cover":
		w.covers[q.target]++
	}
}

// window writes what the inside of the account did in one window.
type window struct {
	*flowLog
	r     *rand.Rand
	start int64
	at    time.Time
	load  *load
}

// inside writes all flows of a window that are not customers'.
func (l *flowLog) inside(start time.Time, w *load) {
	x := &window{flowLog: l, r: l.m.random("flows", start.Unix()), start: start.Unix(), at: start.UTC(), load: w}
	x.balancer()
	for i := range 2 {
		x.shop(i)
	}
	x.mailer()
	x.payroll()
	x.report()
	x.scanners()
}

// talk draws when a conversation of the window took place.
func (x *window) talk(out, back int64) talk {
	start := x.start + int64(x.r.IntN(60))
	return talk{port: 32_768 + x.r.IntN(28_000), out: out, back: back, start: start, end: x.start + windowSeconds - int64(1+x.r.IntN(50))}
}

// balancer: each node keeps connections to each instance, also for its health checks.
func (x *window) balancer() {
	for n := range 2 {
		for i := range 2 {
			number := int64(1)
			if x.load.sent[n][i] > 600_000 {
				number = 2
			}
			for range number {
				x.between(x.m.node(n), x.m.app(i), portShop, x.talk(x.load.received[n][i]/number+5200, x.load.sent[n][i]/number+4100))
			}
		}
	}
}

// shop: one instance's database, cache, queue, objects, sessions and payments.
func (x *window) shop(i int) {
	app, requests := x.m.app(i), int64(x.load.requests[i])
	x.between(app, x.m.faces["db"], x.m.World.DatabasePort, x.talk(1800+requests*430, 2400+requests*2650))
	if requests > 90 {
		x.between(app, x.m.faces["db"], x.m.World.DatabasePort, x.talk(900+requests*60, 900+requests*240))
	}
	x.between(app, x.m.faces["cache-1"], portCache, x.talk(700+requests*95, 600+requests*310))
	if x.r.IntN(2) == 0 {
		x.between(app, x.m.faces["cache-2"], portCache, x.talk(400+requests*30, 400+requests*100))
	}
	x.between(app, x.m.faces["endpoint-"+letter(i)], portTLS, x.talk(9000+int64(x.load.orders[i])*1400, 12_000+int64(x.load.orders[i])*700))
	x.throughGateway(app, x.bucketHost(), x.talk(1100+int64(x.load.covers[i])*610, 2000+int64(x.load.covers[i])*38_500))
	nat := x.m.faces["nat-"+letter(i)]
	if x.at.Minute() >= 40 {
		x.throughNAT(app, nat, outside{fmt.Sprintf("52.94.%d.%d", x.r.IntN(4), 1+x.r.IntN(250)), "DYNAMODB", DynamoDB}, x.talk(2000+requests*300, 1500+requests*220))
	}
	if n := int64(x.load.orders[i]); n > 0 && x.r.IntN(3) > 0 {
		x.throughNAT(app, nat, outside{paymentHost, "", Internet}, x.talk(2100*n, 3300*n))
	}
	if x.at.Hour()%6 == 2 && x.at.Minute() < 10 {
		x.throughNAT(app, nat, outside{"52.119.198.21", "AMAZON", Amazon}, x.talk(4100, 6100))
	}
}

// bucketHost is one of the many addresses of S3 in us-east-1.
func (x *window) bucketHost() outside {
	return outside{fmt.Sprintf("52.216.%d.%d", x.r.IntN(256), 1+x.r.IntN(254)), "S3", S3}
}

// mailer: the function wakes when there were orders.
func (x *window) mailer() {
	f, orders := x.m.faces["function"], int64(x.load.orders[0]+x.load.orders[1])
	if orders == 0 {
		x.noData(f, x.start, x.start+windowSeconds)
		return
	}
	if x.r.IntN(2) == 0 {
		x.between(f, x.m.faces["db"], x.m.World.DatabasePort, x.talk(700*orders, 2200*orders))
		return
	}
	x.between(f, x.m.faces["endpoint-a"], portTLS, x.talk(1500*orders, 1100*orders))
}

// payroll: busy in office hours, exports at night, pays in the morning.
func (x *window) payroll() {
	app := x.m.faces["payroll-app"]
	busy := int64(2)
	if h, d := x.at.Hour(), x.at.Weekday(); h >= 13 && h < 22 && d != time.Saturday && d != time.Sunday {
		busy = 40
	}
	x.between(app, x.m.faces["payroll-db"], portMySQL, x.talk(600*busy, 4100*busy))
	switch {
	case x.at.Hour() == 3 && x.at.Minute() < 30:
		x.throughGateway(app, x.bucketHost(), x.talk(18_400_000, 90_000))
	case x.at.Hour() == 6 && x.at.Minute() < 20 && x.at.Weekday() == time.Thursday:
		x.throughNAT(app, x.m.faces["nat-a"], outside{bankHost, "", Internet}, x.talk(640_000, 120_000))
	case x.at.Hour() == 4 && x.at.Minute() == 10:
		// A job that still looks for its data where it was years ago.
		x.refused(app, x.m.faces["db"], x.m.World.DatabasePort, x.talk(180, 0))
	case x.at.Minute() == 20:
		x.throughNAT(app, x.m.faces["nat-a"], outside{"52.46.141.7", "AMAZON", Amazon}, x.talk(2600*busy, 3100*busy))
	}
}

// report: the box nobody owns reads the shop's database every night.
func (x *window) report() {
	box := x.m.faces["report"]
	switch {
	case x.at.Hour() == 1 && x.at.Minute() < 40:
		x.between(box, x.m.faces["db"], x.m.World.DatabasePort, x.talk(61_000, 48_000_000+x.r.Int64N(9_000_000)))
	case x.at.Minute() == 30:
		x.refused(box, x.m.faces["cache-1"], portCache, x.talk(180, 0))
	default:
		x.noData(box, x.start, x.start+windowSeconds)
	}
}

// scanners: the internet tries every door.
func (x *window) scanners() {
	doors := []int{22, 23, 445, 3389, 5432, 6379, 8080, 27_017}
	targets := []string{"alb-a", "alb-b", "nat-a", "nat-b"}
	for range poisson(x.r, 4) {
		from := fmt.Sprintf("198.18.%d.%d", x.r.IntN(256), 1+x.r.IntN(254))
		t := x.talk(40, 0)
		t.end = t.start + int64(x.r.IntN(30))
		x.scanned(from, x.m.faces[targets[x.r.IntN(len(targets))]], doors[x.r.IntN(len(doors))], t)
	}
}
