package flowlog

// turn settles the rows whose direction neither TCP flags nor ports tell well,
// now that everything was seen: a port that many talk to, or that answered a
// SYN, is a server's.
func (c *Collector) turn() {
	var doubtful []*row
	ends := map[leg]*endEvidence{} // only of the doubtful rows: there are few
	for r := range c.table.rows() {
		if r.bySYN > 0 || r.several() || !portless(r.protocol) && c.margin(r) > 1 {
			continue
		}
		doubtful = append(doubtful, r)
		client, server := r.legs()
		ends[client], ends[server] = &endEvidence{}, &endEvidence{}
	}
	if len(doubtful) == 0 {
		return
	}
	for r := range c.table.rows() {
		client, server := r.legs()
		told := r.bySYN > 0 || r.several()
		if e := ends[server]; e != nil && told {
			e.listens = true
		} else if e != nil {
			e.peers++
		}
		if e := ends[client]; e != nil && !told {
			e.peers++
		}
	}
	var turned []*row
	for _, r := range doubtful {
		client, server := r.legs()
		a, b := ends[client], ends[server]
		if wrong(&r.counts, portless(r.protocol), evidence{a.listens, b.listens, a.peers, b.peers}, c.margin(r)) {
			turned = append(turned, r)
		}
	}
	c.table.change(turned)
}

// legs are the two ends of a row with their ports.
func (r *row) legs() (client, server leg) {
	return leg{r.client, r.clientPort, r.protocol}, leg{r.server, r.port, r.protocol}
}

// endEvidence is what all rows say about one end.
type endEvidence struct {
	listens bool
	peers   int
}

// change changes the roles of rows. All of them are taken out before the first
// is put back, because one may take the place of another.
func (t *table) change(list []*row) {
	out := make([]row, len(list))
	for i, r := range list {
		out[i] = *r
		r.gone = true
	}
	for i := range out {
		r := &out[i]
		r.client, r.server = r.server, r.client
		r.port, r.clientPort, r.clientPortTop = r.clientPort, r.port, r.port
		r.turned()
		t.put(&r.key, &r.counts)
	}
}

// evidence is what the other rows say about the two ends of a row.
type evidence struct {
	clientListens, serverListens bool
	clientPeers, serverPeers     int
}

// fanIn is how many rows with a port make it a server's, though the other port
// looks a little more like one.
const fanIn = 5

// margin is by how much the server's port looks more like one than the client's.
func (c *Collector) margin(r *row) int {
	return int(c.likely[r.port]) - int(c.likely[r.clientPort])
}

// wrong reports whether the roles of a row are to be changed.
func wrong(row *counts, portless bool, e evidence, margin int) bool {
	later := row.firstAsked != 0 && row.firstAnswered != 0 && row.firstAnswered < row.firstAsked || row.firstAsked == 0 && row.firstAnswered != 0
	switch {
	case portless:
		return later
	case e.clientListens != e.serverListens:
		return e.clientListens
	case e.clientPeers != e.serverPeers && (margin == 0 || e.clientPeers >= fanIn):
		return e.clientPeers > e.serverPeers
	}
	return margin == 0 && row.firstAsked != 0 && row.firstAnswered != 0 && row.firstAnswered < row.firstAsked
}

// sure is how sure the direction is.
func (c *Collector) sure(p pair, t *counts) float64 {
	margin := int(c.likely[p.port]) - int(c.likely[t.clientPort])
	switch {
	case t.bySYN > 0:
		return 1
	case portless(p.protocol):
		return 0.5
	case t.several():
		return 0.95
	case margin >= 2:
		return 0.9
	case margin == 1:
		return 0.8
	}
	return 0.5
}
