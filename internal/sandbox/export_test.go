package sandbox

// Tag returns the tag of a workspace's processes.
func Tag(workspace string) string {
	l, err := newLayout(workspace)
	if err != nil {
		panic(err)
	}
	return l.tag
}
