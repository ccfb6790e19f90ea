package send

// Short reports whether a command may share a pipeline with others.
func Short(name string) bool { return shortReads[name]+shortWrites[name] > 0 }
