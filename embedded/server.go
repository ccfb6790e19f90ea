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
	clock  sync.Once // switched on by the first command that may set an expiry
	end    sync.Once
}

// Start returns a running, empty server that listens on a free port of the
// loopback interface. It fails if none can be opened. Call [Server.Close] when
// done.
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
		// The server knows neither CLIENT SETINFO nor CLIENT MAINT_NOTIFICATIONS:
		// asking costs every new connection round trips for nothing.
		DisableIdentity:          true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
	return s, nil
}

// Client returns the server's own client, the same one at every call. It is
// closed by [Server.Close]. For a second, independent client, as another
// process would have, connect to [Server.Addr].
func (s *Server) Client() redis.UniversalClient { return s.client }

// Addr returns where the server listens, as "127.0.0.1:35201". It stays the
// same after Close.
func (s *Server) Addr() string { return s.addr }

// Close closes the client and the server and returns when all their goroutines
// have ended. Commands that are waiting, BLPOP say, end with an error. What the
// server held is gone. Closing again does nothing and returns nil.
func (s *Server) Close() (err error) {
	s.end.Do(func() {
		if err = s.client.Close(); errors.Is(err, redis.ErrClosed) { // by desir.Close
			err = nil
		}
		s.mini.Close()
	})
	return err
}
