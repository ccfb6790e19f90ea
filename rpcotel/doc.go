// Package rpcotel instruments calls of package rpc with OpenTelemetry: connected spans on
// both sides, and histograms of durations.
//
//	client := rpc.NewClient(rdb, "calculator", rpc.Intercept(rpcotel.Client()))
//	server := rpc.NewServer(rdb, "calculator", rpc.Intercept(rpcotel.Server()))
//
// It is a separate module, so that programs without OpenTelemetry do not depend on it.
//
// # What is recorded
//
// The name of a span is service/method. The attribute rpc.method has the same value;
// rpc.system.name is "desir". A failed call has the attribute error.type. If a worker
// returned the error, rpc.response.status_code contains the name of its [rpc.Code]. A
// client's span has the error status for every error. A worker's span has it only for
// codes that indicate a problem of the worker, and not for those that indicate a problem
// of the request. The texts of errors are recorded. Requests and results are not.
//
// The histograms rpc.client.call.duration and rpc.server.call.duration are in seconds and
// have the same attributes. The client's duration covers the whole call, including
// [rpc.Wait]. The worker's duration covers the handler and the interceptors inside this
// one. A call that reaches no handler, because its method is unknown or its types do not
// match, has a client's span only.
//
// The names follow the semantic conventions of OpenTelemetry, version 1.41.
package rpcotel
