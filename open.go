package desir

import (
	"context"
	"crypto/tls"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Open sends one PING to the Redis server at url and returns a client for it.
//
//	redis://[user:password@]host[:6379][/db]
//	rediss://…                                            the same over TLS
//	unix://[user:password@]/path/to/socket[?db=N]
//	redis+cluster://[user:password@]host1[:6379],host2…   or rediss+cluster://
//	redis+sentinel://[user:password@]host1[:26379],host2…/master[?db=N]
//	                                                      or rediss+sentinel://
//
// The schemes valkey and valkeys are aliases of redis and rediss. The URL of a cluster of
// Valkey 9 or later may name a database after the hosts, as in redis+cluster://host/5.
//
// Percent-encode special characters in user and password. The user and password of a
// sentinel URL are those of the data nodes. The options sentinel_username and
// sentinel_password are the credentials of the sentinels. Further options follow as
// ?name=value&…, with go-redis's names, such as pool_size, read_timeout, client_name or
// skip_verify (see [redis.ParseURL]). Three options for TLS name PEM files: cacert
// contains the certificate authorities to trust instead of the system's, and cert and
// key contain the client's own certificate and key.
//
// Unless the URL says otherwise, the client uses RESP3, a dial timeout of 5 s, a read
// and write timeout of 3 s, and go-redis's pool size: ten connections per CPU, or five
// per CPU and node for a cluster. The caller closes the client. The library also
// accepts any go-redis client that was made without Open.
//
// The ping uses a dedicated connection and is not retried, so Open reports a problem
// immediately. To wait for a server that is starting, call Open again. The error is an
// [*OpError]. It has [ErrUnavailable] if the server does not reply, and [ErrDenied] if
// the server refuses the password. It has [ErrNotSupported] if the certificate is not
// trusted, if the port speaks another protocol than the URL says, if the sentinels do
// not know the master, or if the URL is for a cluster and the server is not one, or the
// reverse. If ctx ends first, the error has ErrUnavailable, the context's error and
// what Open was waiting for. The error never shows the password.
func Open(ctx context.Context, url string) (redis.UniversalClient, error) {
	t, err := parseURL(url)
	if err != nil {
		return nil, &OpError{Op: "desir.Open", Err: err}
	}
	if err := t.ping(ctx); err != nil {
		return nil, &OpError{Op: "desir.Open", Key: t.shown, Err: err}
	}
	return t.client(nil), nil
}

// abandon closes the client of a probe. Closing a sentinel client waits for a dial in
// flight; abandon stops waiting when ctx ends.
func abandon(ctx context.Context, rdb redis.UniversalClient) {
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		_ = rdb.Close() // the ping's error is the one that matters
	}()
	select {
	case <-closed:
	case <-ctx.Done():
	}
}

// Defaults of Open for options that the URL does not set.
const (
	dialTimeout = 5 * time.Second
	ioTimeout   = 3 * time.Second
	resp3       = 3
)

// client makes the client of a target; with a probe, one that connects once for p. It
// disables maintenance notifications: only some hosted servers support them, and every
// connection to another server would send a command in vain.
func (t *target) client(p *probe) redis.UniversalClient {
	quiet := &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	switch {
	case t.cluster != nil:
		o := new(*t.cluster)
		o.Username, o.Password = t.user, t.password
		o.MaintNotificationsConfig = quiet
		fill(&o.Protocol, &o.DialTimeout, &o.ReadTimeout, &o.WriteTimeout)
		perNode(o.TLSConfig)
		if t.db != 0 {
			o.OnConnect = func(ctx context.Context, c *redis.Conn) error { return c.Select(ctx, t.db).Err() }
		}
		p.limit(&o.Dialer, &o.DialerRetries, &o.MaxRetries, &o.PoolSize, &o.MinIdleConns, o.DialTimeout, o.TLSConfig)
		return redis.NewClusterClient(o)
	case t.sentinel != nil:
		o := new(*t.sentinel)
		o.Username, o.Password = t.user, t.password
		fill(&o.Protocol, &o.DialTimeout, &o.ReadTimeout, &o.WriteTimeout)
		perNode(o.TLSConfig)
		p.limit(&o.Dialer, &o.DialerRetries, &o.MaxRetries, &o.PoolSize, &o.MinIdleConns, o.DialTimeout, o.TLSConfig)
		return redis.NewFailoverClient(o)
	default:
		o := new(*t.single)
		o.Username, o.Password = t.user, t.password
		o.MaintNotificationsConfig = quiet
		fill(&o.Protocol, &o.DialTimeout, &o.ReadTimeout, &o.WriteTimeout)
		p.limit(&o.Dialer, &o.DialerRetries, &o.MaxRetries, &o.PoolSize, &o.MinIdleConns, o.DialTimeout, o.TLSConfig)
		return redis.NewClient(o)
	}
}

func fill(protocol *int, dial, read, write *time.Duration) {
	set(protocol, resp3)
	set(dial, dialTimeout)
	set(read, ioTimeout)
	set(write, ioTimeout)
}

func set[T int | time.Duration](option *T, value T) {
	if *option == 0 {
		*option = value
	}
}

// perNode makes TLS verify each node under its own name. The URL parser has set the first
// host's name for all nodes.
func perNode(c *tls.Config) {
	if c != nil {
		c.ServerName = ""
		c.MinVersion = tls.VersionTLS12
	}
}
