// Package rpc calls functions on other machines as if they were here.
//
// A [Method] is the contract that both sides share, a plain variable. A worker gives it
// a handler and runs; a client calls it:
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
// or, with [Bind], as a struct of functions: api.Add(ctx, 10, 20, 30, 40, 50).
//
// # What it promises
//
// A handler runs at most once for a call, as long as the server does not come back with what it was before: one that
// keeps snapshots alone, without AOF, may bring calls back that have run. The caller learns what became of it: the value;
// the worker's error, as an [*Error] with its causes, so that errors.Is and errors.As hold
// as they would at the worker; that it did not run ([ErrNoWorkers], [ErrUnknownMethod], [ErrOverloaded],
// [desir.ErrUnavailable]); or that it may have run ([desir.ErrMaybeRan]), because the worker died, because the
// answer to the store was lost, or because the caller's own context ended first. A worker that died is noticed
// within 15 s, also by a call without a deadline; then all calls to the service that were out by
// that moment and have no result end so, since nobody knows which of them it had.
//
// The end of the caller's context reaches the handler's; a call that is past its deadline is not
// started. All times are those of the server's clock: what the machines believe about the date does not matter.
//
// # How it works
//
// Calls wait in a Redis list named as the service, where workers take them; results come through a
// stream for each redis client, which is read without popping, so a lost answer of a read costs
// nothing. A call is a share of one script at the client, and of one read of results; at the worker of
// one BLMPOP, and of one XADD for all results that go to one client. Concurrent ones share more. See the design page on RPC, and docs/wire.md for the
// bytes, which any language can write.
package rpc
