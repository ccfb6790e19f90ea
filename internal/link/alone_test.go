package link

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// TestOutlived recognizes a client behind sentinels by go-redis' name for its node.
func TestOutlived(t *testing.T) {
	old := time.Now().Add(-Lifetime)
	behind := redis.NewFailoverClient(&redis.FailoverOptions{MasterName: "m", SentinelAddrs: []string{"127.0.0.1:1"}})
	defer behind.Close()
	plain := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"})
	defer plain.Close()
	if Outlived(plain, old) || Outlived(behind, time.Now()) || !Outlived(behind, old) {
		t.Errorf("Outlived: %t for a plain client, %t for a fresh one, %t for an old one behind sentinels; want only the last",
			Outlived(plain, old), Outlived(behind, time.Now()), Outlived(behind, old))
	}
}
