package history

import (
	"math"
	"time"
)

// databaseGauges are those of the two databases and the cache.
func (m *model) databaseGauges(loads []binLoad) []gauge {
	db := map[string]string{"DBInstanceIdentifier": m.World.Database}
	total := func(i int) float64 { return float64(loads[i].requests[0] + loads[i].requests[1]) }
	orders := func(i int) float64 { return float64(loads[i].orders[0] + loads[i].orders[1]) }
	nightly := func(i int) float64 {
		if at := m.binStart(i); at.Hour() == 1 && at.Minute() < 40 {
			return 1
		}
		return 0
	}
	rds := func(name, unit string, of func(i int) float64) gauge {
		return gauge{"AWS/RDS", name, unit, db, func(i int) (float64, bool) { return of(i), true }}
	}
	list := []gauge{
		rds("CPUUtilization", "Percent", func(i int) float64 {
			return math.Min(98, 5+0.16*total(i)+1.4*orders(i)+22*nightly(i)+m.noise("db", i, 0, 1.5))
		}),
		rds("DatabaseConnections", "Count", func(i int) float64 { return math.Floor(20 + total(i)/14 + nightly(i)) }),
		rds("ReadIOPS", "Count/Second", func(i int) float64 { return 3 + total(i)*0.09 + 640*nightly(i) + m.noise("read", i, 0, 2) }),
		rds("WriteIOPS", "Count/Second", func(i int) float64 { return 2 + orders(i)*1.9 + m.noise("write", i, 0, 2) }),
		rds("FreeStorageSpace", "Bytes", func(i int) float64 { return 71e9 - 9e5*float64(i) }),
		rds("FreeableMemory", "Bytes", func(i int) float64 { return 3.1e9 - 4e5*total(i) }),
		rds("ReadLatency", "Seconds", func(i int) float64 { return 0.0012 + 0.000004*total(i) }),
		rds("WriteLatency", "Seconds", func(i int) float64 { return 0.0021 + 0.00003*orders(i) }),
	}
	payroll := map[string]string{"DBInstanceIdentifier": m.World.PayrollDatabase}
	list = append(list, gauge{"AWS/RDS", "CPUUtilization", "Percent", payroll, func(i int) (float64, bool) { return 6 + m.noise("payroll-db", i, 0, 3), true }},
		gauge{"AWS/RDS", "DatabaseConnections", "Count", payroll, func(int) (float64, bool) { return 8, true }})
	for n, node := range []string{"-001", "-002"} {
		id, share := map[string]string{"CacheClusterId": m.World.CacheGroup + node}, 1-0.65*float64(n)
		cache := func(name, unit string, of func(i int) float64) {
			list = append(list, gauge{"AWS/ElastiCache", name, unit, id, func(i int) (float64, bool) { return of(i), true }})
		}
		cache("CPUUtilization", "Percent", func(i int) float64 { return 2 + 0.03*share*total(i) })
		cache("CurrConnections", "Count", func(int) float64 { return 12 })
		cache("CacheHits", "Count", func(i int) float64 { return math.Floor(share * 2.4 * total(i)) })
		cache("CacheMisses", "Count", func(i int) float64 { return math.Floor(share * 0.3 * total(i)) })
		cache("BytesUsedForCache", "Bytes", func(i int) float64 { return 210e6 + 1e4*total(i) })
	}
	return list
}

// serviceGauges are those of the queue, the functions, the table, the NAT
// gateways and the distribution.
func (m *model) serviceGauges(loads []binLoad) []gauge {
	orders := func(i int) float64 { return float64(loads[i].orders[0] + loads[i].orders[1]) }
	total := func(i int) float64 { return float64(loads[i].requests[0] + loads[i].requests[1]) }
	var list []gauge
	add := func(namespace, name, unit string, dimensions map[string]string, of func(i int) (float64, bool)) {
		list = append(list, gauge{namespace, name, unit, dimensions, of})
	}
	always := func(of func(i int) float64) func(int) (float64, bool) {
		return func(i int) (float64, bool) { return of(i), true }
	}
	some := func(of func(i int) float64) func(int) (float64, bool) {
		return func(i int) (float64, bool) { v := of(i); return v, v > 0 }
	}
	queue := map[string]string{"QueueName": m.World.Queue}
	stuck := func(i int) float64 {
		if _, ok := m.burstAt(m.binStart(i)); ok {
			return 1
		}
		return 0
	}
	add("AWS/SQS", "NumberOfMessagesSent", "Count", queue, always(orders))
	add("AWS/SQS", "NumberOfMessagesDeleted", "Count", queue, always(orders))
	add("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Count", queue, always(func(i int) float64 { return math.Floor(orders(i)/6) + 18*stuck(i) }))
	add("AWS/SQS", "ApproximateAgeOfOldestMessage", "Seconds", queue, always(func(i int) float64 { return math.Floor(orders(i)/4) + 240*stuck(i) }))
	for n, name := range []string{m.World.Mailer, m.World.Thumbs, m.World.Export} {
		id := map[string]string{"FunctionName": name}
		calls := []func(i int) float64{orders, func(i int) float64 { return math.Floor(m.noise("thumbs", i, 0, 3)) }, func(i int) float64 {
			if at := m.binStart(i); at.Hour() == 3 && at.Minute() == 0 {
				return 12
			}
			return 0
		}}[n]
		add("AWS/Lambda", "Invocations", "Count", id, some(calls))
		add("AWS/Lambda", "Errors", "Count", id, some(func(i int) float64 { return math.Floor(calls(i) * 0.2 * stuck(i)) }))
		add("AWS/Lambda", "Duration", "Milliseconds", id, func(i int) (float64, bool) { return 90 + m.noise(name, i, 0, 60), calls(i) > 0 })
	}
	table := map[string]string{"TableName": m.World.Table}
	add("AWS/DynamoDB", "ConsumedReadCapacityUnits", "Count", table, some(func(i int) float64 { return total(i) * 0.5 }))
	add("AWS/DynamoDB", "ConsumedWriteCapacityUnits", "Count", table, some(func(i int) float64 { return total(i) * 0.2 }))
	add("AWS/DynamoDB", "SuccessfulRequestLatency", "Milliseconds", map[string]string{"TableName": m.World.Table, "Operation": "GetItem"},
		func(i int) (float64, bool) { return 3 + m.noise("dynamodb", i, 0, 2), total(i) > 0 })
	for n := range 2 {
		id := map[string]string{"NatGatewayId": m.faces["nat-"+letter(n)].Resource}
		add("AWS/NATGateway", "BytesOutToDestination", "Bytes", id, always(func(i int) float64 {
			return 4000 + 400*float64(loads[i].requests[n]) + 2100*float64(loads[i].orders[n])
		}))
		add("AWS/NATGateway", "ActiveConnectionCount", "Count", id, always(func(i int) float64 { return 2 + math.Floor(float64(loads[i].orders[n])/2) }))
		add("AWS/NATGateway", "ErrorPortAllocation", "Count", id, always(func(int) float64 { return 0 }))
	}
	cdn := map[string]string{"DistributionId": m.World.Distribution, "Region": "Global"}
	add("AWS/CloudFront", "Requests", "None", cdn, always(func(i int) float64 {
		return math.Floor(total(i) * 1.6 * (1 + 0.1*float64(m.binStart(i).Weekday()/time.Saturday)))
	}))
	return list
}
