// Package stock fills an empty shop: catalogue, stock on hand, past orders
// and cover images, all of them functions of a seed.
//
// `bookshop stock` calls it. Rows go in with COPY in one transaction, so they
// are there completely or not at all; covers go in one by one, and those that
// are there already with the same bytes are left alone, so a run that was
// stopped can be repeated.
//
// Invariant: the same options give the same rows and images, apart from the
// dates of past orders, which count back from today.
package stock
