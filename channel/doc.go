// Package channel carries values between goroutines, processes and hosts: [Chan]
// is to processes what a Go channel is to goroutines, [PriorityQueue] gives out
// what is most urgent first, [Mailbox] is an address for letters, [Topic] tells
// everyone who listens.
//
// # Which one?
//
// Take a Chan when each value is work for one receiver and waits until somebody
// comes for it, a PriorityQueue when some of that work must not wait for the
// rest. Take a Mailbox when it matters who sent a value, when, and whether it was
// really that one; when the receiver picks what it wants first; or when the
// sender wants an answer. Take a Topic when each value is news for everyone who
// is there at that moment, and old news is worth nothing. None repeats a value whose
// receiver died with it in hand.
//
// # Chan
//
// A Chan is a Redis list of values, nothing around them, so that plain RPUSH and
// LPOP from redis-cli take part. Each value goes to one receiver, in the order
// in which the sends were executed. Close is a mark in Redis that every process
// sees: receivers drain what is there and end, senders get [desir.ErrClosed].
//
// What a receiver does not take is not lost: a cancel, a deadline, a break of
// the loop lose nothing. A value that was under way to a receiver that left
// goes to another one, or back to the head of the list; another process may
// have taken later ones meanwhile. Only a process that dies, or a connection
// that is cut in the moment of handing over, loses values: at most one for
// each receiver that was waiting there, as many as it may take at once with
// [Chan.RecvMany] and [Prefetch]. Delivery is at most once.
//
// Any number of receivers of one client wait on one connection (on a cluster
// one for each node), and a wake-up that is lost costs at most a second. There they
// block for a second on wake tokens (BLPOP; on a cluster they subscribe to wake-ups), with the
// scripts behind it that take: one round trip for all that wait, O(values), each sent once.
// Hooks of the client do not see what goes over it.
//
// A server that does not serve receivers (it is away, frozen, read-only, loading) is waited
// for. [log/slog.Default] logs it once for each change of the reason, and the error of a
// receiver whose context ends has the reason beside the context's error:
// [desir.ErrUnavailable].
//
// # PriorityQueue
//
// A PriorityQueue is a Redis sorted set. The lowest priority comes first, and of
// those with one priority the one that was pushed first, by the order in which
// the pushes were executed. It waits and loses as a Chan does: a cancel or a
// deadline loses nothing, and what comes back has its old place; a process that
// dies or a connection that is cut loses at most one value for each taker that
// was waiting there. What was under way to a taker that left may go to the next
// one here although something more urgent has come meanwhile.
//
// # Mailbox
//
// A Mailbox is a Redis list of letters, which anyone may append to. It receives as
// a Chan does, with the same promises: in order, or the newest first with [LIFO].
// [Mailbox.Receive] picks the first letter that fits and leaves the others in their
// order, and [Mailbox.Ask] waits for the answer to a letter.
//
// A letter has the server's time in front, so that no sender's clock matters. What
// stands behind it, the sender's address, the letter's ID and the value, is what
// the codec covers: under codec.Sign or codec.Encrypt a letter that was forged,
// altered, or moved from another mailbox is a [*codec.DecodeError], and the next
// one comes. Not covered are the time, the order, and whether a letter is there at
// all: who can write to Redis can delete letters, and put an old one back.
//
// # Topic
//
// A Topic is Redis' own publish and subscribe: the encoded value alone, by plain
// PUBLISH, so redis-cli reads and writes it. A message reaches those who are
// subscribed at that moment, at most once, in the order of publishing. What a
// subscriber missed (its connection broke, it was too slow, the server failed
// over) is a [*GapError] in its loop, at the place where it belongs; with
// [Numbered] the number of missed messages is exact. All subscriptions of a
// client share one connection, and a frozen one is found within 10 s.
//
// # Size
//
// An encoded value of more than 1 MiB is refused with [codec.ErrTooLarge] before
// anything is sent; SendMany then sends none of its values. A codec that has a
// [codec.Limit] brings a bound of its own, smaller or larger. What is received
// has no bound but the Limit of the receiver's codec.
package channel
