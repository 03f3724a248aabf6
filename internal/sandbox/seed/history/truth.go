package history

// Truth is what the generated records contain, counted while they were
// written. Lists are ordered, so that equal runs give equal bytes.
type Truth struct {
	// Edges are all initiator-listener-port triples of the flow logs.
	Edges []Edge `json:"edges"`
	// Days counts the lines of the access log per UTC day.
	Days []DayCount `json:"days"`
	// Flows describes each kind of request in the access log.
	Flows []FlowCount `json:"flows"`
	// Principals counts the CloudTrail records per principal.
	Principals []PrincipalCount `json:"principals"`
	Bursts     []Burst          `json:"bursts"`

	AccessLines   int `json:"accessLines"`
	FlowRecords   int `json:"flowRecords"`
	BucketLines   int `json:"bucketLines"`
	CDNLines      int `json:"cdnLines"`
	TrailEvents   int `json:"trailEvents"`
	DataEvents    int `json:"dataEvents"`
	Files         int `json:"files"`
	MetricSeries  int `json:"metricSeries"`
	MetricSamples int `json:"metricSamples"`
	Nodes         int `json:"nodes"`
}

// DayCount is one UTC day of the access log.
type DayCount struct {
	Day      string `json:"day"`
	Requests int    `json:"requests"`
	// Forwarded is how many a target was chosen for: CloudWatch's RequestCount.
	Forwarded int `json:"forwarded"`
	Errors5xx int `json:"errors5xx"`
}

// FlowCount is one critical flow: requests that are alike.
type FlowCount struct {
	Name     string `json:"name"`
	Method   string `json:"method"`
	Requests int    `json:"requests"`
	// P50Millis and P95Millis are of the target's time, by nearest rank over
	// the requests that have one.
	P50Millis int64 `json:"p50Millis"`
	P95Millis int64 `json:"p95Millis"`
	Errors5xx int   `json:"errors5xx"`
}

// PrincipalCount is one principal of CloudTrail: the ARN of the user, of the
// role behind a session, or the name of the AWS service.
type PrincipalCount struct {
	Principal  string `json:"principal"`
	Management int    `json:"management"`
	Data       int    `json:"data"`
	ReadOnly   int    `json:"readOnly"`
	Errors     int    `json:"errors"`
}

// Burst is a time in which the shop answered with errors.
type Burst struct {
	Start string `json:"start"`
	End   string `json:"end"`
}
