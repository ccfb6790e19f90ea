package conformance

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/internal/redistest"
)

// mailboxCodecs sends values with every codec that can encode them. The value is stored
// in the same form as in other types.
func mailboxCodecs(t *testing.T, r *redistest.Redis) {
	for called, tt := range codecsOf() {
		with := channel.WithCodec(tt.codec)
		m := channel.NewMailbox[cart](r.Client, name(t, r, called), with)
		must(t, m.Send(timeoutContext(t), m.Key(), sampleCart()))
		l, err := m.Recv(timeoutContext(t))
		equal(t, called, results(l.Value, l.From, err), results(sampleCart(), m.Key(), nil))
	}
	stored := func(m interface{ Key() string }, send error) string {
		t.Helper()
		must(t, send)
		_, value, _ := strings.Cut(r.Raw().LPop(t.Context(), m.Key()).Val(), ",0:,")
		return value
	}
	text := channel.NewMailbox[int](r.Client, name(t, r, "text"), channel.WithCodec(codec.Text))
	equal(t, "Text", stored(text, text.Send(timeoutContext(t), text.Key(), -5)), "-5")
	raw := channel.NewMailbox[[]byte](r.Client, name(t, r, "raw"), channel.WithCodec(codec.Raw))
	equal(t, "Raw", stored(raw, raw.Send(timeoutContext(t), raw.Key(), []byte{0, 255})), "\x00\xff")
	json := channel.NewMailbox[cart](r.Client, name(t, r, "json"), channel.WithCodec(codec.JSON))
	equal(t, "JSON", stored(json, json.Send(timeoutContext(t), json.Key(), cart{Owner: "ada"})), `{"Owner":"ada","Items":null,"Total":0}`)
	sealed := channel.NewMailbox[string](r.Client, name(t, r, "hidden"), channel.WithCodec(codec.Encrypt(codec.Auto, ring(1))))
	must(t, sealed.Send(timeoutContext(t), sealed.Key(), marker))
	if b := r.Raw().LPop(t.Context(), sealed.Key()).Val(); strings.Contains(b, marker) || strings.Contains(b, sealed.Key()) {
		t.Errorf("Encrypt shows the value or the sender: %q", b)
	}
	for called, c := range map[string]codec.Codec{"Text": codec.Text, "Raw": codec.Raw, "signed Text": codec.Sign(codec.Text, ring(1))} {
		m := channel.NewMailbox[cart](r.Client, name(t, r, "m"), channel.WithCodec(c))
		for op, err := range map[string]error{
			"Send": m.Send(t.Context(), m.Key(), cart{}), "Recv": second(m.Recv(t.Context())), "Len": second(m.Len(t.Context())),
			"Receive": second(m.Receive(t.Context(), nil)), "Ask": second(m.Ask(t.Context(), m.Key(), cart{})),
		} {
			if !errors.Is(err, codec.ErrUnsupported) {
				t.Errorf("%s of a struct with %s: %v; want ErrUnsupported", op, called, err)
			}
		}
	}
	unset := channel.NewMailbox[int](r.Client, name(t, r, "nil"), nil, channel.WithCodec(nil))
	must(t, unset.Send(timeoutContext(t), unset.Key(), 1))
	equal(t, "a nil codec", remaining(t, unset), []int{1})
}

// mailboxSealed forges, alters, moves and replays letters.
func mailboxSealed(t *testing.T, r *redistest.Redis) {
	for called, c := range map[string]codec.Codec{
		"Sign":    codec.Sign(codec.Auto, ring(1)),
		"Encrypt": codec.Encrypt(codec.Auto, ring(1)),
		"both":    codec.Compress(codec.Sign(codec.Encrypt(codec.Compress(codec.Auto, 1), ring(1)), ring(2)), 1),
	} {
		with := channel.WithCodec(c)
		ada := channel.NewMailbox[string](r.Client, name(t, r, called+"ada"), with)
		bob := channel.NewMailbox[string](r.NewClient(t), name(t, r, called+"bob"), with)
		push := func(m *channel.Mailbox[string], stored string) {
			t.Helper()
			must(t, r.Raw().RPush(t.Context(), m.Key(), stored).Err())
		}
		refused := func(what string, m *channel.Mailbox[string]) {
			t.Helper()
			_, err := m.Recv(timeoutContext(t))
			checkDecodeError(t, err, "channel.Mailbox.Recv", m.Key(), "")
			if !errors.Is(err, codec.ErrSignature) && called != "both" {
				t.Errorf("%s, %s: %v; want ErrSignature", called, what, err)
			}
			n, err := m.Len(timeoutContext(t))
			equal(t, "Len after "+what, results(n, err), results(0, nil))
		}
		must(t, bob.Send(timeoutContext(t), ada.Key(), "pay 10"))
		stored := r.Raw().LIndex(t.Context(), ada.Key(), 0).Val()
		l, err := ada.Recv(timeoutContext(t))
		equal(t, called, results(l.From, l.Value, err), results(bob.Key(), "pay 10", nil))

		push(bob, stored) // moved to another mailbox
		refused("moved", bob)
		for i := 17; i < len(stored); i += 1 + len(stored)/40 { // altered: value, sender, ID, key id, anything
			b := []byte(stored)
			b[i] ^= 1
			push(ada, string(b))
			refused(fmt.Sprintf("altered at %d of %d", i, len(stored)), ada)
		}
		push(ada, storedLetter("a", "pay 10")) // forged without a codec key
		refused("forged", ada)
		push(ada, stored[:len(stored)-1])
		refused("cut", ada)
		other := channel.NewMailbox[string](r.Client, bob.Key(), channel.WithCodec(codec.Sign(codec.Auto, ring(7))))
		must(t, other.Send(timeoutContext(t), ada.Key(), "pay 10")) // with another codec key
		refused("under another key", ada)

		// A codec cannot detect a copy of a letter, or a change of the time before it.
		push(ada, stored)
		push(ada, "1"+stored[1:16]+stored[16:])
		for range 2 {
			l, err = ada.Recv(timeoutContext(t))
			equal(t, called+" replayed", results(l.From, l.Value, err), results(bob.Key(), "pay 10", nil))
		}
		_, errs := drainWithErrors(ada.All(timeoutContext(t), channel.Idle(0)))
		equal(t, "the remaining letters", len(errs), 0)
	}
}

// mailboxSealedReplies asks with a codec that binds replies to their address.
func mailboxSealedReplies(t *testing.T, r *redistest.Redis) {
	with := channel.WithCodec(codec.Sign(codec.Auto, ring(1)))
	desk := channel.NewMailbox[int](r.Client, name(t, r, "desk"), with)
	me := channel.NewMailbox[int](r.NewClient(t), name(t, r, "me"), with)
	asked := make(chan error)
	ask := func() {
		l, err := me.Ask(timeoutContext(t), desk.Key(), 21)
		if err == nil && l.Value != 42 {
			err = fmt.Errorf("the reply is %d", l.Value)
		}
		asked <- err
	}
	go ask()
	first, err := desk.Recv(timeoutContext(t))
	must(t, err)
	must(t, first.Reply(timeoutContext(t), 42))
	must(t, <-asked)

	// A reply to another question does not verify.
	go ask()
	next, err := desk.Recv(timeoutContext(t))
	must(t, err)
	must(t, first.Reply(timeoutContext(t), 41)) // to an address without a waiting caller
	at := func(id string) string { return replyKey(me.Key(), id) }
	stale := r.Raw().LPop(t.Context(), at(first.ID)).Val()
	must(t, r.Raw().RPush(t.Context(), at(next.ID), stale).Err())
	if err := <-asked; !errors.Is(err, codec.ErrSignature) {
		t.Errorf("Ask with a reply to another question: %v; want ErrSignature", err)
	}
}

// replyKey returns the key at which the reply to a question is expected.
func replyKey(asker, id string) string { return "{" + asker + "}:reply:" + id }
