// Package discovery reads what Workload Discovery on AWS exports: its CSV, the
// JSON of a diagram, and the diagram for draw.io.
//
// The CSV has a byte order mark, separates by ";" and quotes; its header has a
// name less than its rows have cells, because the ARN before the cost has none
// (seen in the exports of 2.x; CreateCSVExport.js names five columns). The JSON
// is the graph of the drawing library, cytoscape, whose nodes carry AWS
// Config's facts: as "properties" with every value a text (1.x), or as
// "resource" (2.x). The draw.io form only has labels and ids; a node that names
// no ARN and no physical id is refused. What the diagram connects stands in the
// attribute relatedTo.
//
// Called by files.
package discovery
