package conn

import (
	"context"
	"sync/atomic"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/auth"
)

// credentialsListener learns of new credentials. go-redis does not authenticate a
// connection again that is never returned to the pool, so such a connection must be
// replaced.
type credentialsListener struct{ changed atomic.Bool }

func (r *credentialsListener) OnNext(auth.Credentials) { r.changed.Store(true) }

// OnError ignores errors: the server closes a connection that it no longer accepts.
func (r *credentialsListener) OnError(error) {}

// subscribe takes the credentials of o from their provider, if they can change. r
// receives changes until unsubscribe is called.
func subscribe(o *redis.Options) (r *credentialsListener, unsubscribe func(), err error) {
	r, unsubscribe = &credentialsListener{}, func() {}
	p := o.StreamingCredentialsProvider
	if p == nil {
		return r, unsubscribe, nil
	}
	first, end, err := p.Subscribe(r)
	if err != nil {
		return nil, nil, err
	}
	o.StreamingCredentialsProvider = nil // a redis.Conn that dials cannot have a provider
	o.CredentialsProviderContext = func(context.Context) (string, string, error) {
		user, password := first.BasicAuth()
		return user, password, nil
	}
	// An error means that it stays subscribed, which does no harm.
	return r, func() { _ = end() }, nil
}
