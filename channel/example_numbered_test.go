package channel_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/counter"
	"github.com/desir-go/desir/embedded"
)

// network is the subscriber's network. It can be cut.
type network struct {
	mu    sync.Mutex
	down  bool
	conns []net.Conn
}

func (n *network) dial(ctx context.Context, kind, addr string) (net.Conn, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.down {
		return nil, errors.New("the network is down")
	}
	conn, err := new(net.Dialer).DialContext(ctx, kind, addr)
	if err == nil {
		n.conns = append(n.conns, conn)
	}
	return conn, err
}

func (n *network) set(down bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.down = down
	for _, conn := range n.conns {
		_ = conn.Close()
	}
	n.conns = nil
}

// A display shows the sum of all sales. While its network is down, it misses messages. With
// Numbered, it learns how many, and reads the sum again.
func ExampleNumbered() {
	srv, err := embedded.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer srv.Close()
	ctx := context.Background()

	total := counter.New(srv.Client(), "total")
	sales := channel.NewTopic[int64](srv.Client(), "sales", channel.Numbered())
	sell := func(price int64) {
		if _, err := total.Add(ctx, price); err != nil {
			log.Fatal(err)
		}
		if _, err := sales.Publish(ctx, price); err != nil {
			log.Fatal(err)
		}
	}

	var cable network
	display := redis.NewClient(&redis.Options{Addr: srv.Addr(), Dialer: cable.dial})
	defer display.Close()
	sub, err := channel.NewTopic[int64](display, "sales", channel.Numbered()).Subscribe(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer sub.Close()

	sell(10)
	var sum int64
	for m, err := range sub.All(ctx) {
		gap, missed := errors.AsType[*channel.GapError](err)
		switch {
		case missed:
			if sum, err = total.Value(ctx); err != nil {
				log.Fatal(err)
			}
			fmt.Println("missed", gap.Missed, "sales, the sum is", sum)
			return
		case err != nil:
			log.Fatal(err)
		}
		sum += m.Value
		fmt.Println("sold for", m.Value, "the sum is", sum)

		cable.set(true)
		sell(20)
		sell(30)
		sell(40)
		cable.set(false)
	}
	// Output:
	// sold for 10 the sum is 10
	// missed 3 sales, the sum is 100
}
