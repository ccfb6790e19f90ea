package link

import (
	"context"
	"sync/atomic"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/auth"
)

// renewal receives new credentials. go-redis does not authenticate a connection again
// that is never returned to the pool, so such a connection must be replaced.
type renewal struct{ due atomic.Bool }

func (r *renewal) OnNext(auth.Credentials) { r.due.Store(true) }

// OnError ignores errors: the server closes a connection that it no longer accepts.
func (r *renewal) OnError(error) {}

// subscribe takes the credentials of o from their provider, if they can change. r
// receives changes, and end ends the subscription.
func subscribe(o *redis.Options) (r *renewal, end func(), err error) {
	r, end = &renewal{}, func() {}
	p := o.StreamingCredentialsProvider
	if p == nil {
		return r, end, nil
	}
	first, unsubscribe, err := p.Subscribe(r)
	if err != nil {
		return nil, nil, err
	}
	o.StreamingCredentialsProvider = nil // a redis.Conn that dials cannot have a provider
	o.CredentialsProviderContext = func(context.Context) (string, string, error) {
		user, password := first.BasicAuth()
		return user, password, nil
	}
	// An error means that it stays subscribed, which does no harm.
	return r, func() { _ = unsubscribe() }, nil
}
