// Package accesslog writes a line for each request, in the form of an
// application load balancer's access log (Elastic Load Balancing user guide,
// "Access logs for your Application Load Balancer"): of the forms that
// assessments read, it says most about a request, and it makes the proxy's log
// comparable with that of the load balancer which stood there before.
//
// What a load balancer calls a target group is the name of the side here. The
// package writes and opens files anew for whoever rotates them; it never
// rotates or deletes one. Its only caller is package proxy.
package accesslog
