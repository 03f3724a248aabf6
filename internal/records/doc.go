// Package records opens logs: files, folders and globs of them as they come
// out of S3, plain or compressed, in UTF-8 or UTF-16, whole or cut off. It
// reads many files at once with bounded memory and tells exactly what could
// not be read. What stands in the logs is the business of its children:
// flowlog, cloudtrail and weblog. None of them knows a cloud API.
package records
