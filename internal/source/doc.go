// Package source is the port through which Landfall reads the AWS side. Its
// drivers hold clients that can only read: nothing behind this port can
// change or delete anything. Deleting at the source is package remove's alone.
package source
