// Command objectbench compares Landfall with other movers of objects on the same
// bucket, in one run:
//
//	objectbench run --landfall bin/landfall --rclone rclone --scale 1 --runs 3
//
// A versitygw is filled with many small objects, some of 1 MiB, and a few large
// ones that were uploaded in parts. Each mover then copies each set into a
// container of its own and does so again with nothing to do, in turn, so that
// what else the machine does hits all of them. The container is objectkit.Sink,
// which costs little, checks what it gets and knows its CRC64; small sets also
// go to Azurite. After each run the whole container is compared with what was
// put into the bucket: a run that lost something is an error and no result.
// Two more parts watch the memory over listings of up to ten million objects,
// and count what is sent again after a kill.
//
// Every mover is a child of a small process (verb measure) that reports the
// processor time of the whole tree and its peak memory. The verb pipeline is
// internal/move/objects without the command line, for profiles.
//
// It is not part of the product, and moves nothing that it did not make itself.
// Called by make bench-objects.
package main
