package desir

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/send"
)

// probe connects to a target once and records how far the connection got. go-redis alone
// dials five times, and if the context ends during that, its error says only so.
type probe struct {
	timeout time.Duration // of a dial, and of a TLS handshake
	tls     *tls.Config

	mu    sync.Mutex
	stage string // what the last connection is waiting for
	err   error  // why the last connection failed, or nil
	heard bool   // the last connection has received bytes
	odd   string // the server's first byte, if it shows TLS or HTTP
}

// Reasons that suggest a correction of the URL.
var (
	errPlainPort      = errors.New("does the port use TLS? The scheme redis:// connects without TLS")
	errTLSPort        = errors.New("the port uses TLS; the scheme rediss:// connects with TLS")
	errHTTPPort       = errors.New("the port speaks HTTP; is this a Redis server?")
	errClosedByServer = errors.New("the server closed the connection without a reply; does the port require TLS? The scheme rediss:// connects with TLS")
	errClosedTLS      = errors.New("the server closed the connection after the TLS handshake; does it require a client certificate? The options are cert and key")
	errHandshake      = errors.New("no reply to the TLS handshake")
)

// ping sends one PING to the target with a temporary client.
func (t *target) ping(ctx context.Context) error {
	p := &probe{}
	rdb := t.client(p)
	err := send.New(rdb).Read(ctx, redis.NewStatusCmd(ctx, "ping"))
	abandon(ctx, rdb)
	return p.explain(ctx, err)
}

// limit changes a client's options so that it tries once. If p is nil it does nothing.
func (p *probe) limit(dial *func(context.Context, string, string) (net.Conn, error), dials, attempts, pool, idle *int, timeout time.Duration, c *tls.Config) {
	if p == nil {
		return
	}
	p.timeout, p.tls = timeout, c
	*dial, *dials, *attempts, *pool, *idle = p.dial, 1, -1, 1, 0
}

func (p *probe) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	p.setStage("connecting to " + addr)
	d := net.Dialer{Timeout: p.timeout}
	conn, err := d.DialContext(ctx, network, addr)
	if err != nil {
		return nil, p.failed(err)
	}
	if p.tls != nil {
		p.setStage("waiting for the TLS handshake with " + addr)
		if conn, err = p.handshake(ctx, conn, addr); err != nil {
			return nil, p.failed(err)
		}
	}
	p.setStage("waiting for a reply from " + addr)
	return &probedConn{conn, p}, nil
}

// handshake performs the TLS handshake on conn.
func (p *probe) handshake(ctx context.Context, conn net.Conn, addr string) (net.Conn, error) {
	c := p.tls.Clone()
	if host, _, err := net.SplitHostPort(addr); err == nil && c.ServerName == "" {
		c.ServerName = host
	}
	short, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	secured := tls.Client(conn, c)
	err := secured.HandshakeContext(short)
	if err == nil {
		return secured, nil
	}
	_ = conn.Close()
	_, odd := errors.AsType[tls.RecordHeaderError](err)
	switch {
	case odd, errors.Is(err, io.EOF):
		err = fmt.Errorf("%s: %w; %w", addr, err, errPlainPort)
	case short.Err() != nil:
		err = fmt.Errorf("%s: %w; %w", addr, errHandshake, errPlainPort)
	}
	return nil, err
}

func (p *probe) setStage(stage string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stage, p.err, p.heard = stage, nil, false
}

func (p *probe) failed(err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err = err
	return err
}

// explain adds what the probe has recorded to the error of a ping.
func (p *probe) explain(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	ended := ctx.Err()
	switch {
	case p.odd != "":
		why := errTLSPort
		if p.odd != firstOfTLS {
			why = errHTTPPort
		}
		return send.WithClass(ErrNotSupported, why)
	case ended != nil && p.err != nil:
		return send.WithClass(ErrUnavailable, fmt.Errorf("%w: %w", ended, p.err))
	case ended != nil && p.stage != "":
		return send.WithClass(ErrUnavailable, fmt.Errorf("%w while %s", ended, p.stage))
	case p.err == nil && !p.heard && connLost(err) && p.tls == nil:
		return send.WithClass(ErrUnavailable, fmt.Errorf("%w: %w", errClosedByServer, send.Cause(err)))
	case p.err == nil && !p.heard && connLost(err): // the TLS alert with the reason may be lost with the connection
		return send.WithClass(ErrUnavailable, fmt.Errorf("%w: %w", errClosedTLS, send.Cause(err)))
	}
	return err
}

// connLost reports whether the other side closed the connection.
func connLost(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// probedConn is a connection that inspects the first byte from the server.
type probedConn struct {
	net.Conn
	p *probe
}

// The first byte of a TLS alert and of an HTTP response. No Redis reply starts with
// either.
const (
	firstOfTLS  = "\x15"
	firstOfHTTP = "H"
)

func (c *probedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.p.mu.Lock()
		defer c.p.mu.Unlock()
		if first := string(b[:1]); !c.p.heard && (first == firstOfTLS || first == firstOfHTTP) {
			c.p.odd = first
		}
		c.p.heard = true
	}
	return n, err
}
