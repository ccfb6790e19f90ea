package embedded

import (
	"errors"
	"fmt"
	"sync"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Server is one in-process Redis. It is safe for any number of goroutines.
type Server struct {
	mini   *miniredis.Miniredis
	addr   string
	client *redis.Client
	clock  sync.Once // starts the clock at the first command that may set an expiry
	end    sync.Once
}

// Start starts an empty server on a free port of the loopback interface and returns it.
// It fails if it cannot open a port. Call [Server.Close] when done.
func Start() (*Server, error) {
	mini := miniredis.NewMiniRedis()
	if err := mini.Start(); err != nil {
		return nil, fmt.Errorf("embedded: %w", err)
	}
	s := &Server{mini: mini, addr: mini.Addr()}
	mini.Server().SetPreHook(s.beforeCommand)
	s.client = redis.NewClient(&redis.Options{
		Addr:     s.addr,
		Protocol: 3,
		// The server supports neither CLIENT SETINFO nor CLIENT MAINT_NOTIFICATIONS.
		// Without these two settings every new connection would send them in vain.
		DisableIdentity:          true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
	return s, nil
}

// Client returns the server's client, the same client at every call. [Server.Close]
// closes it. To get an independent client, as another process would have, connect to
// [Server.Addr].
func (s *Server) Client() redis.UniversalClient { return s.client }

// Addr returns the server's address, such as "127.0.0.1:35201". It stays the same after
// Close.
func (s *Server) Addr() string { return s.addr }

// Close closes the client and the server and returns when all their goroutines have
// ended. Commands that are waiting, such as BLPOP, end with an error. The server's data
// is lost. A second call does nothing and returns nil.
func (s *Server) Close() (err error) {
	s.end.Do(func() {
		if err = s.client.Close(); errors.Is(err, redis.ErrClosed) { // desir.Close has closed it
			err = nil
		}
		s.mini.Close()
	})
	return err
}
