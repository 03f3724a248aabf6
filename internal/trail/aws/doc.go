// Package aws finds logs in the account itself: the inventory says where flow
// logs, trails, load balancers, distributions and buckets write to, and this
// package lists what lies there for the wanted time and opens it when it is
// read. Flow logs in CloudWatch Logs, and the event history where no trail's
// bucket can be read, are given as files as well, whose content is paged in
// while it is read.
//
// All clients only read. What cannot be listed is handed to the sink as unread,
// with what that hides. What stands in the logs is understood elsewhere.
package aws
