package conformance

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/internal/redistest"
)

// doubler replies to questions until the test ends, except to questions with 0.
func doubler(t *testing.T, m *channel.Mailbox[int]) {
	ctx, stop := context.WithCancel(t.Context())
	var group sync.WaitGroup
	t.Cleanup(func() { stop(); group.Wait() })
	group.Go(func() {
		for l, err := range m.All(ctx) {
			if ctx.Err() != nil {
				return
			}
			if err == nil && l.Value != 0 {
				err = l.Reply(ctx, 2*l.Value)
			}
			if err != nil {
				t.Error(err)
			}
		}
	})
}

// mailboxAsks: many goroutines of two clients ask concurrently. No key remains.
func mailboxAsks(t *testing.T, r *redistest.Redis) {
	const askers = 100
	desk := channel.NewMailbox[int](r.NewClient(t), name(t, r, "desk"))
	doubler(t, desk)
	var group sync.WaitGroup
	for i, rdb := range []client{r.Client, r.NewClient(t)} {
		me := channel.NewMailbox[int](rdb, name(t, r, "me"+string(rune('a'+i))))
		for n := range askers / 2 {
			group.Go(func() {
				n := n + 1000*i + 1
				l, err := me.Ask(timeoutContext(t), desk.Key(), n)
				if err != nil || l.Value != 2*n || l.From != desk.Key() || len(l.Re) != 26 {
					t.Errorf("Ask of %d = %+v, %v", n, l.Value, err)
				}
			})
		}
	}
	group.Wait()
	redistest.Eventually(t, 10*time.Second, func() bool {
		return !slices.ContainsFunc(r.Keys(t), func(k string) bool {
			return strings.Contains(k, t.Name()+"/") && strings.Contains(k, ":reply:") && !strings.Contains(k, ":poke:") // a client's own poke key
		})
	}, "no key of a reply remains")
}

// mailboxAskCanceled: the caller gives up before the reply comes. The reply expires.
func mailboxAskCanceled(t *testing.T, r *redistest.Redis) {
	desk := channel.NewMailbox[int](r.Client, name(t, r, "desk"))
	me := channel.NewMailbox[int](r.Client, name(t, r, "me"))
	leaving, leave := context.WithCancel(timeoutContext(t))
	left := make(chan error)
	go func() { left <- second(me.Ask(leaving, desk.Key(), 1)) }()
	l, err := desk.Recv(timeoutContext(t))
	must(t, err)
	leave()
	err = <-left
	if !errors.Is(err, context.Canceled) || !errors.Is(err, desir.ErrMaybeRan) {
		t.Errorf("Ask without a reply: %v; want context.Canceled and ErrMaybeRan", err)
	}
	if op := new(desir.OpError); !errors.As(err, &op) || op.Op != "channel.Mailbox.Ask" || op.Key != desk.Key() {
		t.Errorf("the error is %#v", err)
	}
	var late []string
	redistest.Eventually(t, 10*time.Second, func() bool { // the first reply may still be received, and dropped
		must(t, l.Reply(timeoutContext(t), 2))
		late = slices.DeleteFunc(r.Keys(t), func(k string) bool { return !strings.Contains(k, ":reply:"+l.ID) })
		return slices.Contains(late, replyKey(me.Key(), l.ID))
	}, "a reply that is not received")
	for _, k := range late {
		if d := r.Raw().PTTL(t.Context(), k).Val(); (d <= 0 || d > 5*time.Minute) && d != -2 {
			t.Errorf("%q expires in %v, want 5 minutes at most", k, d)
		}
	}
	equal(t, "the mailbox of the asker", remaining(t, me), []int(nil))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := me.Ask(ended, desk.Key(), 1); !errors.Is(err, context.Canceled) || errors.Is(err, desir.ErrMaybeRan) {
		t.Errorf("Ask with an ended context: %v; want context.Canceled, and not ErrMaybeRan", err)
	}
}

// mailboxReplies replies to letters that are not questions, and to letters that were not
// received.
func mailboxReplies(t *testing.T, r *redistest.Redis) {
	ada := channel.NewMailbox[string](r.Client, name(t, r, "ada"))
	bob := channel.NewMailbox[string](r.NewClient(t), name(t, r, "bob"))
	must(t, ada.Send(timeoutContext(t), bob.Key(), "hello"))
	first, err := bob.Recv(timeoutContext(t))
	must(t, err)
	must(t, first.Reply(timeoutContext(t), "hi"))
	back, err := ada.Recv(timeoutContext(t))
	must(t, err)
	equal(t, "the reply", results(back.Value, back.From, back.Re), results("hi", bob.Key(), first.ID))
	must(t, back.Reply(timeoutContext(t), "bye"))
	last, err := bob.Recv(timeoutContext(t))
	must(t, err)
	equal(t, "its reply", results(last.Value, last.From, last.Re), results("bye", ada.Key(), back.ID))

	// A reply has a sender, so it can be replied to.
	asked := make(chan channel.Letter[string])
	go func() {
		l, err := ada.Ask(timeoutContext(t), bob.Key(), "how are you?")
		if err != nil {
			t.Error(err)
		}
		asked <- l
	}()
	question, err := bob.Recv(timeoutContext(t))
	must(t, err)
	must(t, question.Reply(timeoutContext(t), "well"))
	reply := <-asked
	equal(t, "the reply", results(reply.Value, reply.Re), results("well", question.ID))
	must(t, reply.Reply(timeoutContext(t), "good"))
	last, err = bob.Recv(timeoutContext(t))
	equal(t, "the reply to the reply", results(last.Value, last.Re, err), results("good", reply.ID, nil))

	err = channel.Letter[string]{From: ada.Key(), Value: "forged"}.Reply(timeoutContext(t), "v")
	if op := new(desir.OpError); !errors.Is(err, desir.ErrNotSupported) || !errors.As(err, &op) || op.Op != "channel.Letter.Reply" {
		t.Errorf("Reply to a letter that was not received: %v; want ErrNotSupported", err)
	}
}
