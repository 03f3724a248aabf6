package roles

// Value writes a value of a parameter for ALTER ... SET.
func Value(name, text string) string { return value(name, text) }

// Elements splits a list of names.
func Elements(text string) []string { return elements(text) }

// Name quotes the name of a parameter.
func Name(name string) string { return parameter(name) }
