package conn

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// TestExpired recognizes a client behind sentinels by go-redis' name for its node.
func TestExpired(t *testing.T) {
	old := time.Now().Add(-SentinelLifetime)
	behind := redis.NewFailoverClient(&redis.FailoverOptions{MasterName: "m", SentinelAddrs: []string{"127.0.0.1:1"}})
	defer behind.Close()
	plain := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"})
	defer plain.Close()
	if (origin{plain, old}).Expired() || newOrigin(behind).Expired() || !(origin{behind, old}).Expired() {
		t.Errorf("Expired: %t for a plain client, %t for a fresh one, %t for an old one behind sentinels; want only the last",
			origin{plain, old}.Expired(), newOrigin(behind).Expired(), origin{behind, old}.Expired())
	}
}
