// Package fuse lets concurrent calls leave together: the calls that arrive while
// others are under way become one pipeline, and those of one kind on one key
// one command of it.
//
// It knows no command. A [Kind] says how calls become a command and how its
// reply is shared out; a [Combiner] holds what is pending, decides when and by
// whom it is sent, and lets a caller leave whose context ends.
package fuse
