// Package rpcotel lets OpenTelemetry see calls of desir's rpc: spans on both sides that
// belong together, and how long calls take.
//
//	client := rpc.NewClient(rdb, "calculator", rpc.Intercept(rpcotel.Client()))
//	server := rpc.NewServer(rdb, "calculator", rpc.Intercept(rpcotel.Server()))
//
// It is a module of its own, so that those who do not want OpenTelemetry do not get it.
//
// # What is recorded
//
// A span is called service/method, as is the attribute rpc.method; rpc.system.name is "desir". An error has the
// attribute error.type, and one that a worker has answered with rpc.response.status_code too: the name of
// its [rpc.Code]. At a client every error is the span's status; at a worker only what speaks of the worker, not of
// what it was asked. Errors' texts are recorded, values never.
//
// The histograms rpc.client.call.duration and rpc.server.call.duration are in seconds, with the same attributes.
// A client's time is all of the call, with [rpc.Wait]; a worker's is the handler's and that of the interceptors
// inside of this one. What reaches no handler, being unknown or of other types, has a client's span alone.
//
// The names are those of OpenTelemetry's semantic conventions, version 1.41.
package rpcotel
