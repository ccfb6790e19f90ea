package conformance

import (
	"errors"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/internal/redistest"
)

// priorityPlainCommands uses the queue together with a client that does not add sequence
// numbers.
func priorityPlainCommands(t *testing.T, r *redistest.Redis) {
	key := name(t, r, "q")
	q := channel.NewPriorityQueue[string](r.Client, key)
	must(t, q.Push(t.Context(), "ours", 1))
	must(t, q.Push(t.Context(), "ours", 3))
	theirs := []redis.Z{
		{Score: 0.5, Member: "half"},
		{Score: 1, Member: "!first of its score"},
		{Score: 1, Member: "zlast of its score"},
		{Score: 2, Member: ""},
		{Score: 2, Member: "1234567890123456"},
		{Score: 2, Member: "123456789012345:short"},
		{Score: 2, Member: "1234567890123456:numbered"},
		{Score: 2, Member: "12345678901234567:long"},
		{Score: 2, Member: "12345678901234+6:sign"},
		{Score: 7, Member: "9999999999999999:huge"},
	}
	must(t, r.Raw().ZAdd(t.Context(), key, theirs...).Err())
	must(t, r.Raw().Do(t.Context(), "zadd", key, "-inf", "urgent", "+inf", "whenever", "9999999999999999", "9999999999999999:far").Err())
	must(t, q.Push(t.Context(), "ours again", 1)) // the last entry of this priority has no sequence number
	must(t, q.Push(t.Context(), "ours", 7))       // their sequence number is already the largest
	want := []string{
		"urgent", "half", "!first of its score", "ours", "ours again", "zlast of its score",
		"", "12345678901234+6:sign", "1234567890123456", "12345678901234567:long", "numbered", "123456789012345:short",
		"ours", "ours", "huge", "far", "whenever",
	}
	var got []string
	for i := range want {
		var v string
		var err error
		if i%2 == 0 {
			v, err = q.Pop(timeoutContext(t))
		} else {
			v, _, err = q.TryPop(t.Context())
		}
		must(t, err)
		got = append(got, v)
	}
	equal(t, "popped values", got, want)
}

func priorityUndecodable(t *testing.T, r *redistest.Redis) {
	key := name(t, r, "q")
	q := channel.NewPriorityQueue[int](r.Client, key)
	must(t, r.Raw().ZAdd(t.Context(), key, redis.Z{Score: 1, Member: marker}, redis.Z{Score: 2, Member: "1234567890123456:" + marker}).Err())
	must(t, q.Push(t.Context(), 7, 3))
	checkDecodeError(t, second(q.Pop(timeoutContext(t))), "channel.PriorityQueue.Pop", key, "")
	checkDecodeError(t, third(q.TryPop(t.Context())), "channel.PriorityQueue.TryPop", key, "")
	v, err := q.Pop(timeoutContext(t))
	must(t, err)
	equal(t, "Pop", v, 7)
}

// priorityCodecs moves an entry with a sealed value to another queue, and to a Chan of
// the same name.
func priorityCodecs(t *testing.T, r *redistest.Redis) {
	for what, c := range map[string]codec.Codec{"sign": codec.Sign(codec.Auto, ring(1)), "encrypt": codec.Encrypt(codec.Auto, ring(1))} {
		with := channel.WithCodec(c)
		here, there := name(t, r, what), name(t, r, what+"2")
		q := channel.NewPriorityQueue[string](r.Client, here, with)
		must(t, q.Push(t.Context(), "v", 1))
		members, err := r.Raw().ZRange(t.Context(), here, 0, -1).Result()
		must(t, err)
		v, err := q.Pop(timeoutContext(t))
		must(t, err)
		equal(t, "Pop", v, "v")
		must(t, r.Raw().ZAdd(t.Context(), there, redis.Z{Score: 1, Member: members[0]}).Err())
		_, frame, _ := strings.Cut(members[0], ":")
		must(t, r.Raw().RPush(t.Context(), here, frame).Err())
		for of, err := range map[string]error{
			"queue": second(channel.NewPriorityQueue[string](r.Client, there, with).Pop(timeoutContext(t))),
			"Chan":  second(channel.NewChan[string](r.Client, here, with).Recv(timeoutContext(t))),
		} {
			if !errors.Is(err, codec.ErrSignature) {
				t.Errorf("%s: a frame moved to another %s: %v; want ErrSignature", what, of, err)
			}
		}
	}
}
