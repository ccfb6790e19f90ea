package rpc_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/desir-go/desir/embedded"
	"github.com/desir-go/desir/rpc"
)

// statusOf returns the HTTP status for the error of a call.
func statusOf(err error) int {
	switch rpc.CodeOf(err) {
	case rpc.OK:
		return http.StatusOK
	case rpc.InvalidArgument:
		return http.StatusBadRequest
	case rpc.NotFound:
		return http.StatusNotFound
	case rpc.Unavailable, rpc.ResourceExhausted:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}

// An HTTP gateway forwards requests to a service and translates the codes of its errors. A
// service without workers is Unavailable.
func ExampleCodeOf() {
	redis, err := embedded.Start()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer redis.Close()
	ctx := context.Background()

	title := rpc.NewMethod[string, string]("Title")
	client := rpc.NewClient(redis.Client(), "books")
	gateway := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := title.Call(r.Context(), client, r.URL.Query().Get("isbn"))
		if err != nil {
			http.Error(w, err.Error(), statusOf(err))
			return
		}
		fmt.Fprintln(w, text)
	})
	get := func(isbn string) {
		w := httptest.NewRecorder()
		gateway.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/title?isbn="+isbn, nil))
		fmt.Println(isbn, w.Code)
	}
	get("0-201-00650-2") // there is no worker yet

	worker := rpc.NewServer(redis.Client(), "books")
	title.Handle(worker, func(ctx context.Context, isbn string) (string, error) {
		if isbn != "0-201-00650-2" {
			return "", rpc.Errorf(rpc.NotFound, "there is no book %s", isbn)
		}
		return "The Mythical Man-Month", nil
	})
	go worker.Run(ctx)
	defer worker.Shutdown(ctx)
	if _, err := title.Call(ctx, client, "0-201-00650-2", rpc.Wait(10*time.Second)); err != nil {
		fmt.Println(err)
		return
	}
	get("0-201-00650-2")
	get("none")
	// Output:
	// 0-201-00650-2 503
	// 0-201-00650-2 200
	// none 404
}
