// Package command is the door to every Redis command, checked and documented
// by Redis' own specification.
//
// A [Spec] is the table of commands: [Builtin] has the facts of Redis 7.0 and
// needs no server, [Load] asks the connected one, which adds its sentences, its
// modules and what is newer. A [Command] of it knows its usage and its help,
// which of its words are keys, and whether a list of arguments is one that the
// server would take.
//
// A [Runner] sends commands through a client. It checks before it sends, keeps
// away what would break a shared connection or destroy data unless it is
// allowed by name, refuses keys of several slots on a cluster, sends once what changes
// something, and obeys the context also where the command blocks. [Run] gives
// typed answers.
//
//	r := command.New(rdb)
//	n, ok, err := command.Run[int64](ctx, r, "ZADD", "scores", "GT", 17, "ada")
//
// Errors are [*desir.OpError] with the command's name and its first key; below
// it are [*ArgError], [ErrUnknown], [ErrNotAllowed], [ErrTooNew] or the errors of
// the root package. No error shows an argument but the first key, unless the
// server quotes one in its answer.
package command
