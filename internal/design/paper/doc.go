// Package paper prints a design for people: a record of each decision, the
// request to the platform team, the failure modes of each critical flow, the
// comparison of security controls, regions and quotas, cost, and the backlog of
// what to try first.
//
// It decides nothing and reads nothing but the design and the graph. The app
// writes its files into the workspace's design folder.
package paper
