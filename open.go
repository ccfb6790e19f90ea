package desir

import (
	"context"
	"crypto/tls"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Open pings the Redis that url names, once, and returns a client for it.
//
//	redis://[user:password@]host[:6379][/db]
//	rediss://…                                            the same over TLS
//	unix://[user:password@]/path/to/socket[?db=N]
//	redis+cluster://[user:password@]host1[:6379],host2…   or rediss+cluster://
//	redis+sentinel://[user:password@]host1[:26379],host2…/master[?db=N]   or rediss+sentinel://
//
// valkey and valkeys stand for redis and rediss. A cluster of Valkey 9 or later may have a
// database behind its hosts, as in redis+cluster://host/5.
//
// Special characters of user and password are percent-encoded. The password
// of a sentinel URL is the data nodes'; the sentinels' own goes into the
// options sentinel_username and sentinel_password. Further options follow as
// ?name=value&…: go-redis' names, such as pool_size, read_timeout, client_name
// or skip_verify (see [redis.ParseURL]). For TLS there are files in PEM besides: cacert has the
// authorities that may sign the server's certificate, in place of the system's; cert and key
// are this client's own.
//
// Unless the URL says otherwise the client speaks RESP3, dials within 5 s,
// waits 3 s for an answer and has go-redis' pool of ten connections per CPU, of a cluster five for each node.
// The caller closes it. Any go-redis client made elsewhere serves as well.
//
// The ping has a connection of its own and is tried once, so that what is wrong is known at
// once: to wait for a server that starts, call Open again. The error is an [*OpError] with
// [ErrUnavailable] when nobody answers, [ErrDenied] when the password is refused, and
// [ErrNotSupported] when the certificate is not trusted, the port speaks another protocol
// than the URL says, the sentinels do not know the master, or the server is (or is not) a
// cluster. If ctx ends first it has ErrUnavailable, the context's error, and what Open was
// waiting for. It never shows the password.
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

// abandon closes a client that nobody got. One of sentinels waits for a dial under way, which
// the caller need not.
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

// Defaults of Open for what the URL leaves out.
const (
	dialTimeout = 5 * time.Second
	ioTimeout   = 3 * time.Second
	resp3       = 3
)

// client makes the client of a target, or one that tries it for p. Maintenance notifications
// are a feature of hosted servers that costs every connection a refused command elsewhere.
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

// perNode lets every node be verified under its own name; the URL's parser
// had written the first host's name for all.
func perNode(c *tls.Config) {
	if c != nil {
		c.ServerName = ""
		c.MinVersion = tls.VersionTLS12
	}
}
