package link

import (
	"context"
	"sync/atomic"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/auth"
)

// renewal hears of new credentials: a connection that nobody gives back is not
// authenticated again by go-redis, and has to make way for another.
type renewal struct{ due atomic.Bool }

func (r *renewal) OnNext(auth.Credentials) { r.due.Store(true) }

// OnError is nothing to us: a connection that is not accepted any more will be told.
func (r *renewal) OnError(error) {}

// subscribe takes the credentials of o from their provider, if they may change, and returns what
// hears of the change, and ends that.
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
	o.StreamingCredentialsProvider = nil // a redis.Conn that dials cannot have one
	o.CredentialsProviderContext = func(context.Context) (string, string, error) {
		user, password := first.BasicAuth()
		return user, password, nil
	}
	return r, func() { _ = unsubscribe() }, nil // an error would mean that it goes on hearing, which harms nobody
}
