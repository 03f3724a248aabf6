package weblog

import "strings"

// alb reads an entry of an application load balancer. Versions of the format
// only ever added fields at the end, so positions are enough (Elastic Load
// Balancing user guide, "Access logs for your Application Load Balancer").
func (e *Entry) alb(f *fields) error {
	if f.n < 13 || !albType(f.at[0]) {
		return broken("too few fields for an application load balancer")
	}
	t, err := isoTime(f.at[1])
	if err != nil {
		return err
	}
	e.Time, e.Front, e.Client, e.Target = t, f.field(2), peer(f.field(3)), f.field(4)
	e.RequestTime, e.TargetTime, e.ResponseTime = seconds(f.at[5]), seconds(f.at[6]), seconds(f.at[7])
	e.Status, e.TargetStatus = status(f.field(8)), status(f.field(9))
	e.BytesIn, e.BytesOut = number(f.field(10)), number(f.field(11))
	e.request(f.at[12])
	if e.Scheme == "" {
		e.Scheme = f.at[0]
	}
	e.UserAgent, e.TargetGroup, e.Reason = f.field(13), f.field(16), f.field(24)
	if domain := f.field(18); domain != "" && e.Host == "" {
		e.Host = strings.ToLower(domain)
	}
	e.defaultPort()
	e.took()
	return nil
}

// nlb reads a connection of a TLS listener of a network load balancer,
// versions 1.0 and 2.0 (Elastic Load Balancing user guide, "Access logs for
// your Network Load Balancer"). Times are in milliseconds.
func (e *Entry) nlb(f *fields) error {
	if f.n < 18 || f.at[0] != "tls" {
		return broken("too few fields for a network load balancer")
	}
	t, err := isoTime(f.at[2])
	if err != nil {
		return err
	}
	e.Time, e.Front, e.Client, e.Target, e.Scheme = t, f.field(3), peer(f.field(5)), f.field(6), "tls"
	e.Took = millis(f.at[7])
	e.BytesIn, e.BytesOut, e.Reason = number(f.field(9)), number(f.field(10)), f.field(11)
	e.Host = strings.ToLower(f.field(17))
	return nil
}

// classic reads an entry of a classic load balancer; those of TCP listeners
// have "- - - " for the request.
func (e *Entry) classic(f *fields) error {
	if f.n < 12 {
		return broken("too few fields for a classic load balancer")
	}
	t, err := isoTime(f.at[0])
	if err != nil {
		return err
	}
	e.Time, e.Front, e.Client, e.Target = t, f.field(1), peer(f.field(2)), f.field(3)
	e.RequestTime, e.TargetTime, e.ResponseTime = seconds(f.at[4]), seconds(f.at[5]), seconds(f.at[6])
	e.Status, e.TargetStatus = status(f.field(7)), status(f.field(8))
	e.BytesIn, e.BytesOut = number(f.field(9)), number(f.field(10))
	if r := strings.TrimSpace(f.at[11]); r != "- - -" {
		e.request(r)
	}
	e.UserAgent = f.field(12)
	e.defaultPort()
	e.took()
	return nil
}
