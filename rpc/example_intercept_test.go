package rpc_test

import (
	"context"
	"fmt"
	"time"

	"github.com/desir-go/desir/embedded"
	"github.com/desir-go/desir/rpc"
)

type userKey struct{}

// authenticate is an interceptor of a worker. It refuses calls without a valid token, and
// passes the user on to the handler.
func authenticate(users map[string]string) rpc.Interceptor {
	return func(ctx context.Context, call *rpc.CallInfo, next func(context.Context) error) error {
		user, ok := users[call.Headers["token"]]
		if !ok {
			return rpc.Errorf(rpc.Unauthenticated, "%s: the token is not valid", call.Method)
		}
		return next(context.WithValue(ctx, userKey{}, user))
	}
}

// withToken is an interceptor of a client. It adds a token to every call.
func withToken(token string) rpc.Interceptor {
	return func(ctx context.Context, call *rpc.CallInfo, next func(context.Context) error) error {
		call.Headers["token"] = token
		return next(ctx)
	}
}

// Interceptors at both sides authenticate the callers of a service.
func ExampleInterceptor() {
	redis, err := embedded.Start()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer redis.Close()
	ctx := context.Background()

	greet := rpc.NewMethod[string, string]("Greet")
	users := map[string]string{"secret": "Ann"}
	worker := rpc.NewServer(redis.Client(), "greeter", rpc.Intercept(authenticate(users)))
	greet.Handle(worker, func(ctx context.Context, greeting string) (string, error) {
		return fmt.Sprintf("%s, %v", greeting, ctx.Value(userKey{})), nil
	})
	go worker.Run(ctx)
	defer worker.Shutdown(ctx)

	ann := rpc.NewClient(redis.Client(), "greeter", rpc.Intercept(withToken("secret")))
	fmt.Println(greet.Call(ctx, ann, "hello", rpc.Wait(10*time.Second)))

	stranger := rpc.NewClient(redis.Client(), "greeter")
	_, err = greet.Call(ctx, stranger, "hello")
	fmt.Println(rpc.CodeOf(err))
	// Output:
	// hello, Ann <nil>
	// unauthenticated
}
