package flowlog

// turn settles the rows whose direction neither TCP flags nor ports tell well,
// now that everything was seen: a port that many talk to, or that answered a
// SYN, is a server's.
func (c *Collector) turn() {
	t := c.table.Rows()
	listens, peers := map[leg]bool{}, map[leg]int{}
	var doubtful []key
	for k, row := range t {
		server := leg{k.server, k.port, k.protocol}
		if row.bySYN > 0 || row.several() {
			listens[server] = true
			continue
		}
		client := leg{k.client, row.clientPort, k.protocol}
		peers[server]++
		peers[client]++
		if portless(k.protocol) || c.margin(&k, row) <= 1 {
			doubtful = append(doubtful, k)
		}
	}
	var turned []key
	for _, k := range doubtful {
		row := t[k]
		client, server := leg{k.client, row.clientPort, k.protocol}, leg{k.server, k.port, k.protocol}
		if wrong(row, portless(k.protocol), evidence{listens[client], listens[server], peers[client], peers[server]}, c.margin(&k, row)) {
			turned = append(turned, k)
		}
	}
	change(t, turned)
}

// change changes the roles of rows. All of them are taken out before the first
// is put back, because one may take the place of another.
func change(t map[key]*counts, list []key) {
	out := make([]*counts, len(list))
	for i, k := range list {
		out[i] = t[k]
		delete(t, k)
	}
	for i, k := range list {
		row := out[i]
		k.client, k.server = k.server, k.client
		k.port, row.clientPort, row.clientPortTop = row.clientPort, k.port, k.port
		row.turned()
		if known := t[k]; known != nil {
			known.add(row)
			continue
		}
		t[k] = row
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
func (c *Collector) margin(k *key, row *counts) int {
	return int(c.likely[k.port]) - int(c.likely[row.clientPort])
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
