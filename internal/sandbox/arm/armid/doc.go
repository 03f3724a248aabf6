// Package armid reads and writes Azure resource ids.
//
// An id names a scope (the tenant, a subscription, a resource group) and, after
// "/providers/", a namespace followed by pairs of type and name. A resource may
// itself be the scope of another provider (an extension resource such as a lock
// or a role assignment). A request path may end in one segment more than an id:
// a collection to list or an action to post.
//
// It is pure: no store, no HTTP. The sandbox's Resource Manager calls it for
// every request and for every id found in a body. Ids are equal without regard
// to case (Key), and are answered with the case they were written in (String).
package armid
