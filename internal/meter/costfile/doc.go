// Package costfile measures what resources cost from a Cost and Usage Report:
// CSV, plain or compressed, in the legacy column names
// ("lineItem/ResourceId"), those of the second version and of its export
// ("line_item_resource_id"), or FOCUS ("ResourceId", "BilledCost").
//
// Nothing is estimated: a resource that the file does not name has no cost, and
// what the file charges to no resource of the request is listed as a sum, so
// that the parts add up to the bill.
package costfile
