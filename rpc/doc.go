// Package rpc implements typed remote procedure calls over Redis.
//
// Both sides share a [Method], a package-level variable that names the function and its
// types. A worker registers a handler and runs; a client calls the method:
//
//	var Add = rpc.NewMethod[[]int, int]("Add", rpc.Doc("adds numbers"))
//
//	server := rpc.NewServer(rdb, "calculator")                        // the worker
//	Add.Handle(server, func(ctx context.Context, ns []int) (int, error) { … })
//	err := server.Run(ctx)
//
//	client := rpc.NewClient(rdb, "calculator")                        // the caller
//	sum, err := Add.Call(ctx, client, []int{10, 20, 30, 40, 50})
//
// With [Bind], the client is a struct of functions: api.Add(ctx, 10, 20, 30, 40, 50).
//
// # Guarantees
//
// A handler runs at most once per call. The exception is a Redis server that is
// restored from an RDB snapshot without AOF: it can deliver calls again that already ran.
//
// Every call ends with one of these outcomes:
//
//   - A value: the handler returned it.
//   - An [*Error]: the worker returned it. Its causes are included, so that errors.Is and
//     errors.As give the same result as at the worker, for errors that both sides have
//     registered ([RegisterError]).
//   - [ErrNoWorkers], [ErrUnknownMethod], [ErrOverloaded] or [desir.ErrUnavailable]: the
//     handler did not run.
//   - A refusal, such as [desir.ErrDenied] or [codec.ErrTooLarge]: the call was not stored.
//   - A [*codec.DecodeError]: the handler returned a value, which does not decode as the
//     caller's type.
//   - [desir.ErrMaybeRan]: the handler may have run. For example, the worker died, the
//     reply to the command that stored the call was lost, or the caller's context ended
//     first.
//
// The client detects a dead worker within 15 s, also for calls without a deadline. It
// cannot know which calls that worker had. So all calls to the service that were stored
// before that moment and have no result end with [desir.ErrMaybeRan].
//
// If the caller's context ends, so does the handler's. A worker does not start a call
// whose deadline has passed. All times are those of the Redis server's clock, so the
// clocks of the machines need not agree.
//
// # How it works
//
// Calls wait in a Redis list that has the name of the service. Workers pop them from the
// list. Results come back in a stream, one per redis client. The client reads the stream
// without removing entries, so a read whose reply is lost loses no result.
//
// A call costs the client one script run to store it and one read of results. It costs
// the worker one BLMPOP and one XADD. Concurrent calls share all of these commands.
//
// The design is described in
// https://github.com/desir-go/desir/blob/main/docs/design/0016-rpc.md. The wire format,
// which any language can implement, is described in
// https://github.com/desir-go/desir/blob/main/docs/wire.md.
package rpc
