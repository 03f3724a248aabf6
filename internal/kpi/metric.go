package kpi

import "slices"

// Metric is a word of the fixed vocabulary. Gates name a KPI by subject,
// metric and statistic, so the words never change their meaning.
type Metric string

// The metrics.
const (
	Throughput         Metric = "throughput"
	Latency            Metric = "latency"
	TargetLatency      Metric = "targetLatency"
	NameLatency        Metric = "nameLatency"
	ConnectLatency     Metric = "connectLatency"
	TLSLatency         Metric = "tlsLatency"
	FirstByteLatency   Metric = "firstByteLatency"
	ErrorRate          Metric = "errorRate"
	ClientErrorRate    Metric = "clientErrorRate"
	Availability       Metric = "availability"
	Throttles          Metric = "throttles"
	Failures           Metric = "failures"
	Dropped            Metric = "dropped"
	Clients            Metric = "clients"
	CPUUtilisation     Metric = "cpuUtilisation"
	MemoryUtilisation  Metric = "memoryUtilisation"
	StorageUtilisation Metric = "storageUtilisation"
	IOPSUtilisation    Metric = "iopsUtilisation"
	MemoryFree         Metric = "memoryFree"
	MemoryUsed         Metric = "memoryUsed"
	StorageFree        Metric = "storageFree"
	StorageUsed        Metric = "storageUsed"
	Objects            Metric = "objects"
	ReadIOPS           Metric = "readIops"
	WriteIOPS          Metric = "writeIops"
	ReadLatency        Metric = "readLatency"
	WriteLatency       Metric = "writeLatency"
	BytesRead          Metric = "bytesRead"
	BytesWritten       Metric = "bytesWritten"
	BytesIn            Metric = "bytesIn"
	BytesOut           Metric = "bytesOut"
	Connections        Metric = "connections"
	NewConnections     Metric = "newConnections"
	QueueDepth         Metric = "queueDepth"
	QueueAge           Metric = "queueAge"
	Concurrency        Metric = "concurrency"
	Instances          Metric = "instances"
	HealthyTargets     Metric = "healthyTargets"
	UnhealthyTargets   Metric = "unhealthyTargets"
	CacheHitRate       Metric = "cacheHitRate"
	Evictions          Metric = "evictions"
	ReplicationLag     Metric = "replicationLag"
	ConsumedRead       Metric = "consumedRead"
	ConsumedWrite      Metric = "consumedWrite"
	BurstBalance       Metric = "burstBalance"
	CreditBalance      Metric = "creditBalance"
	Cost               Metric = "cost"
	// Custom is a metric of a namespace of one's own; its name is the detail.
	Custom Metric = "custom"
)

// Unit is what a metric is counted in. Each metric has one.
type Unit string

// The units.
const (
	PerSecond      Unit = "per-second"
	Seconds        Unit = "seconds"
	Ratio          Unit = "ratio"   // 0 to 1
	Percent        Unit = "percent" // 0 to 100
	Bytes          Unit = "bytes"
	BytesPerSecond Unit = "bytes-per-second"
	Count          Unit = "count"
	// PerMonth is money for thirty days; the KPI's detail names the currency.
	PerMonth Unit = "per-month"
	// AsReported is the unit of a custom metric, which only its makers know.
	AsReported Unit = "as-reported"
)

// Better says which way a metric should go.
type Better string

// The directions.
const (
	Lower   Better = "lower"
	Higher  Better = "higher"
	Neither Better = "neither"
)

// Statistic says how many observations became one value.
type Statistic string

// The statistics. A percentile is the observation of the nearest rank.
const (
	Mean  Statistic = "mean"
	Min   Statistic = "min"
	P50   Statistic = "p50"
	P90   Statistic = "p90"
	P95   Statistic = "p95"
	P99   Statistic = "p99"
	Max   Statistic = "max"
	Total Statistic = "total"
	Last  Statistic = "last"
)

// Percentiles returns the percentile statistics with their rank, in order.
func Percentiles() []Percentile {
	return []Percentile{{P50, 50}, {P90, 90}, {P95, 95}, {P99, 99}}
}

// Percentile is a percentile statistic and its rank in percent.
type Percentile struct {
	Statistic Statistic
	Percent   float64
}

// Facts are what holds for a metric everywhere.
type Facts struct {
	Metric Metric
	Unit   Unit
	Better Better
	// Meaning is one line for the reference.
	Meaning string
}

// Metrics returns the vocabulary.
func Metrics() []Facts {
	return []Facts{
		{Throughput, PerSecond, Neither, "requests, calls or messages taken per second"},
		{Latency, Seconds, Lower, "time from a request to its whole answer, as its client sees it at this place"},
		{TargetLatency, Seconds, Lower, "time that the target behind a balancer took to begin its answer"},
		{NameLatency, Seconds, Lower, "time to resolve the name"},
		{ConnectLatency, Seconds, Lower, "time to connect"},
		{TLSLatency, Seconds, Lower, "time to agree on TLS"},
		{FirstByteLatency, Seconds, Lower, "time from sending the request to the first byte of its answer"},
		{ErrorRate, Ratio, Lower, "share of requests that the server side did not serve (5xx, errors, faults)"},
		{ClientErrorRate, Ratio, Lower, "share of requests that were refused as the client's mistake (4xx)"},
		{Availability, Ratio, Higher, "share of the time, or of the checks, in which it was up"},
		{Throttles, PerSecond, Lower, "requests refused for their rate, per second"},
		{Failures, PerSecond, Lower, "things that went wrong, per second"},
		{Dropped, Ratio, Lower, "share of the probe's requests that were not sent, because too many were on the way"},
		{Clients, Count, Neither, "different client addresses"},
		{CPUUtilisation, Percent, Lower, "processor time in use"},
		{MemoryUtilisation, Percent, Lower, "memory in use"},
		{StorageUtilisation, Percent, Lower, "storage in use"},
		{IOPSUtilisation, Percent, Lower, "share of the input and output operations that are allowed"},
		{MemoryFree, Bytes, Higher, "memory that is free"},
		{MemoryUsed, Bytes, Lower, "memory in use"},
		{StorageFree, Bytes, Higher, "storage that is free"},
		{StorageUsed, Bytes, Neither, "storage in use"},
		{Objects, Count, Neither, "objects or items kept"},
		{ReadIOPS, PerSecond, Neither, "read operations per second"},
		{WriteIOPS, PerSecond, Neither, "write operations per second"},
		{ReadLatency, Seconds, Lower, "time of a read operation"},
		{WriteLatency, Seconds, Lower, "time of a write operation"},
		{BytesRead, BytesPerSecond, Neither, "bytes read from storage per second"},
		{BytesWritten, BytesPerSecond, Neither, "bytes written to storage per second"},
		{BytesIn, BytesPerSecond, Neither, "bytes received per second"},
		{BytesOut, BytesPerSecond, Neither, "bytes sent per second"},
		{Connections, Count, Neither, "open connections"},
		{NewConnections, PerSecond, Neither, "connections opened per second"},
		{QueueDepth, Count, Lower, "messages that wait"},
		{QueueAge, Seconds, Lower, "age of the oldest message, or delay of a reader"},
		{Concurrency, Count, Neither, "executions under way"},
		{Instances, Count, Neither, "instances, tasks or nodes that run"},
		{HealthyTargets, Count, Higher, "targets that pass their health check"},
		{UnhealthyTargets, Count, Lower, "targets that do not pass their health check"},
		{CacheHitRate, Ratio, Higher, "share of look-ups that the cache answered"},
		{Evictions, PerSecond, Lower, "items pushed out of the cache per second"},
		{ReplicationLag, Seconds, Lower, "delay of a replica"},
		{ConsumedRead, PerSecond, Neither, "read capacity units used per second"},
		{ConsumedWrite, PerSecond, Neither, "write capacity units used per second"},
		{BurstBalance, Percent, Higher, "burst credits left"},
		{CreditBalance, Count, Higher, "processor credits left"},
		{Cost, PerMonth, Lower, "unblended cost for thirty days"},
		{Custom, AsReported, Neither, "a metric of a namespace of one's own"},
	}
}

// FactsOf returns what holds for the metric. One outside of the vocabulary is
// counted as reported.
func FactsOf(m Metric) Facts {
	all := Metrics()
	if i := slices.IndexFunc(all, func(f Facts) bool { return f.Metric == m }); i >= 0 {
		return all[i]
	}
	return Facts{Metric: m, Unit: AsReported, Better: Neither}
}
