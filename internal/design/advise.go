package design

// Targets returns the target resources that were put so far, in the order of
// putting.
func (c *Context) Targets() []*Resource { return c.resources }

// Advise sets what is said of regions and quotas, and the one-off cost of
// moving data out of the source.
func (c *Context) Advise(regions []RegionAdvice, quotas []Quota, egress float64, notes ...string) {
	c.advice = advice{regions, quotas, egress, notes}
}

// advice is what the last family says of the design as a whole.
type advice struct {
	regions []RegionAdvice
	quotas  []Quota
	egress  float64
	notes   []string
}

// into completes the design; absent lists are empty, not null.
func (a advice) into(d *Design) {
	d.Regions = append([]RegionAdvice{}, a.regions...)
	d.Quotas = append([]Quota{}, a.quotas...)
	d.Cost.Egress = a.egress
	d.Cost.Notes = append(d.Cost.Notes, a.notes...)
}
