package channel_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/internal/redistest"
)

// fixedTime is the placeholder in the golden file for a time in µs of the server's clock.
const fixedTime = "1760000000000000"

// storedForm returns the bytes under a name in testdata/forms.golden. These bytes are stored,
// or sent between versions of this package, and never change.
func storedForm(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile("testdata/forms.golden")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if quoted, ok := strings.CutPrefix(line, name+"\t"); ok {
			bytes, err := strconv.Unquote(strings.TrimSpace(quoted))
			if err != nil {
				t.Fatal(err)
			}
			return bytes
		}
	}
	t.Fatalf("no form is called %q", name)
	return ""
}

// runIDPattern is the placeholder in the golden file for the server's run ID in a barrier.
var runIDPattern = regexp.MustCompile(` [0-9a-f]{40} `)

// timePattern replaces instant.
var timePattern = regexp.MustCompile(`\d{16}`)

// TestPriorityForm checks that Push writes the golden bytes, and that Pop reads them.
func TestPriorityForm(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		want, name := storedForm(t, "entry of a PriorityQueue"), r.Key("q")
		q := channel.NewPriorityQueue[string](r.Client, name)
		if err := q.Push(ctx, "tea", -3); err != nil {
			t.Fatal(err)
		}
		entries := r.Raw().ZRangeWithScores(ctx, name, 0, -1).Val()
		if len(entries) != 1 || entries[0].Score != -3 || timePattern.ReplaceAllString(entries[0].Member.(string), fixedTime) != want {
			t.Errorf("Push has written %v; want %q with a score of -3", entries, want)
		}
		if err := r.Raw().ZAdd(ctx, name, redis.Z{Score: -4, Member: want}).Err(); err != nil {
			t.Fatal(err)
		}
		if v, ok, err := q.TryPop(ctx); v != "tea" || !ok || err != nil {
			t.Errorf("TryPop = %q, %t, %v; want tea", v, ok, err)
		}
	})
}

// TestNumberedForm checks that Publish and Subscribe of a numbered topic send and read the
// golden bytes.
func TestNumberedForm(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		message := storedForm(t, "message of a Numbered topic")
		name := r.Key("news")
		answer := strings.TrimSuffix(storedForm(t, "reply with the number"), "news") + name
		bare := r.Raw().PSubscribe(ctx, name, keys.Part(name, "desir-probe:*"))
		defer bare.Close()
		for range 2 {
			if _, err := bare.Receive(ctx); err != nil {
				t.Fatal(err)
			}
		}
		// next returns the next channel and message that a plain client receives.
		next := func(kind string) *redis.Message {
			t.Helper()
			for {
				m, err := bare.ReceiveMessage(within(t, 20*time.Second))
				if err != nil {
					t.Fatal(err)
				}
				if (kind == "message") == (m.Channel == name) && m.Payload != "probe" {
					return m
				}
			}
		}
		topic := channel.NewTopic[string](r.Client, name, channel.Numbered())
		s := subscribe(t, topic)
		asked := next("answer")
		epoch := r.Raw().HGet(ctx, keys.Part(name, "seq"), "e").Val()
		if timePattern.FindString(epoch) != epoch {
			t.Errorf("the counter was made at %q; want µs", epoch)
		}
		now := strings.NewReplacer(fixedTime, epoch).Replace
		if got, want := runIDPattern.ReplaceAllString(asked.Payload, " - "), strings.Replace(now(answer), " 3 ", " 0 ", 1); got != want {
			t.Errorf("the mark is %q; want %q", got, want)
		}
		for n, value := range []string{"", "milk", "tea"} {
			publish(t, topic, value)
			want := strings.Replace(now(message), ":3:tea", fmt.Sprintf(":%d:%s", n+1, value), 1)
			if got := next("message").Payload; got != want {
				t.Errorf("published %q; want %q", got, want)
			}
		}
		subscribe(t, channel.NewTopic[string](r.NewClient(t), name, channel.Numbered()))
		if got := runIDPattern.ReplaceAllString(next("answer").Payload, " - "); got != now(answer) {
			t.Errorf("the mark is %q; want %q", got, now(answer))
		}
		for _, m := range []struct{ channel, payload string }{
			{name, message}, // from another counter
			{name, strings.Replace(message, ":3:tea", ":6:milk", 1)},
			{asked.Channel, strings.Replace(answer, " 3 ", " 7 ", 1)},
			{name, strings.Replace(message, ":3:tea", ":8:", 1)},
		} {
			if err := r.Master(t, name).Publish(ctx, m.channel, m.payload).Err(); err != nil {
				t.Fatal(err)
			}
		}
		if got, want := receive(t, s, 20*time.Second, 9), []string{"", "milk", "tea", "gap -1", "tea", "gap 2", "milk", "gap 1", ""}; !slices.Equal(got, want) {
			t.Errorf("heard %q; want %q", got, want)
		}
	})
}
