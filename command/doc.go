// Package command runs any Redis command. It checks arguments against Redis's own
// command specification before it sends anything, and it documents the commands.
//
// A [Spec] is a table of commands. [Builtin] returns the table of Redis 7.0 and needs
// no server. [Load] asks the connected server for its table, which adds summaries, the
// commands of modules and newer commands. A [Command] is one entry of a table. It has a
// usage line and a help text, it finds the keys among the arguments, and it checks
// whether the server would accept the arguments.
//
// A [Runner] sends commands through a client. It checks each command before it sends
// it. By default it refuses commands that would change the state of a shared connection
// or destroy data; [Allow] permits them by name. On a cluster it refuses keys of
// different slots. It sends commands that write at most once. It honours the context,
// also while a command blocks at the server. [Run] decodes the reply into a Go type.
//
//	r := command.New(rdb)
//	n, ok, err := command.Run[int64](ctx, r, "ZADD", "scores", "GT", 17, "ada")
//
// Errors are [*desir.OpError] with the command's name and its first key. They wrap an
// [*ArgError], [ErrUnknown], [ErrNotAllowed], [ErrTooNew] or an error of package desir.
// Apart from the first key, an error text contains no argument of the command, unless
// the server quotes one in its reply.
package command
