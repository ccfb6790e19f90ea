package integration

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/redistest"
)

const (
	claimKey     = "desir:integration:claim"
	claimTTL     = 10 * time.Minute // expiry of a claim; the default timeout of go test
	claimTimeout = time.Minute      // how long to wait for a database of another test
	maxDatabases = 16               // how many databases to try, unless the URL names one
)

// claimDatabase claims an empty database of the server at address for the test.
func claimDatabase(t testing.TB, address string) *Env {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), claimTimeout+10*time.Second)
	defer cancel()
	rdb, err := desir.Open(ctx, address)
	if err != nil {
		t.Fatalf("integration: REDIS_URL: %v", err)
	}
	defer rdb.Close()
	single, ok := rdb.(*redis.Client)
	if !ok {
		t.Fatalf("integration: REDIS_URL must name one server, not a cluster or sentinels")
	}
	o := single.Options()
	e := &Env{t: t, kind: "server"}
	e.base = redis.UniversalOptions{
		Addrs: []string{o.Addr}, DB: o.DB, Protocol: o.Protocol,
		Username: o.Username, Password: o.Password, TLSConfig: o.TLSConfig,
	}
	if !namesProtocol(address) {
		e.base.Protocol = redistest.Protocol(t)
	}
	last := maxDatabases - 1
	if namesDatabase(address) {
		last = o.DB
	}
	token := rand.Text()
	if e.base.DB, err = firstEmpty(ctx, o, last, token); err != nil {
		t.Fatalf("integration: REDIS_URL: %v", err)
	}
	e.url = withDatabase(address, e.base.DB)
	e.source = fmt.Sprintf("REDIS_URL, database %d of %s", e.base.DB, o.Addr)
	t.Cleanup(func() { e.releaseDatabase(token) })
	return e
}

// namesDatabase reports whether a URL, which Open has accepted, names a database.
func namesDatabase(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	return u.Query().Has("db") || u.Scheme != "unix" && strings.Trim(u.Path, "/") != ""
}

// namesProtocol reports whether a URL chooses the protocol version.
func namesProtocol(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Query().Has("protocol")
}

// withDatabase returns address, a URL that Open has accepted, with another database.
func withDatabase(address string, db int) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	q := u.Query()
	q.Del("db")
	if u.Scheme == "unix" {
		q.Set("db", strconv.Itoa(db))
	} else {
		u.Path = "/" + strconv.Itoa(db)
	}
	u.RawQuery = q.Encode()
	return u.String()
}

var errNotEmpty = errors.New("no database is empty; tests run only in an empty database")

// firstEmpty claims an empty database and returns its number. If other tests have claimed
// all empty databases, it waits up to claimWait.
func firstEmpty(ctx context.Context, o *redis.Options, last int, token string) (int, error) {
	deadline := time.Now().Add(claimTimeout)
	for pause := 10 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		taken := false
		for db := o.DB; db <= last; db++ {
			in := *o
			in.DB = db
			in.PushNotificationProcessor = nil
			state, err := claimIfEmpty(ctx, &in, token)
			if db > o.DB && err != nil && strings.Contains(err.Error(), "out of range") {
				break // the server has fewer databases
			}
			switch {
			case err != nil:
				return 0, err
			case state == claimed:
				return db, nil
			case state == claimedByOther:
				taken = true
			}
		}
		switch {
		case !taken:
			return 0, errNotEmpty
		case time.Now().After(deadline):
			return 0, fmt.Errorf("other tests have used every empty database for %v", claimTimeout)
		}
		time.Sleep(pause)
	}
}

// The result of take.
const (
	notEmpty       = iota // holds keys
	claimedByOther        // claimed by another test
	claimed               // claimed by this call
)

// claimIfEmpty claims a database if it is empty.
func claimIfEmpty(ctx context.Context, o *redis.Options, token string) (state int, err error) {
	c := redis.NewClient(o)
	defer c.Close()
	got, err := c.SetNX(ctx, claimKey, token, claimTTL).Result()
	switch {
	case err != nil:
		return notEmpty, err
	case !got:
		return claimedByOther, nil
	}
	n, err := c.DBSize(ctx).Result()
	if err == nil && n == 1 {
		return claimed, nil
	}
	return notEmpty, errors.Join(err, c.Del(ctx, claimKey).Err())
}

// releaseDatabase deletes the keys that the test wrote, and then the claim.
func (e *Env) releaseDatabase(token string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c := redis.NewClient(e.base.Simple())
	defer c.Close()
	if got, err := c.Get(ctx, claimKey).Result(); err != nil || got != token {
		e.t.Errorf("integration: lost the claim of %s (%v); its keys are not deleted", e.source, err)
		return
	}
	err := eachKey(ctx, c, func(keys []string) error {
		if keys = withoutKey(keys, claimKey); len(keys) == 0 {
			return nil
		}
		return c.Unlink(ctx, keys...).Err()
	})
	if err = errors.Join(err, c.Del(ctx, claimKey).Err()); err != nil {
		e.t.Errorf("integration: clean %s: %v", e.source, err)
	}
}
