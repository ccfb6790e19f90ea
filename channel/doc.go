// Package channel passes values between goroutines, processes and hosts through Redis.
// [Chan] works across processes as a Go channel works across goroutines. [PriorityQueue]
// delivers the value with the lowest priority first. [Mailbox] is an address to which
// letters are sent. [Topic] publishes each value to all current subscribers.
//
// # Choosing a type
//
// Use a Chan when each value is work for one receiver and has to wait until a receiver
// takes it. Use a PriorityQueue when some of that work is more urgent than the rest.
//
// Use a Mailbox when the receiver has to know who sent a value and when, and whether the
// sender is authentic; when the receiver selects the values it takes; or when the sender
// needs a reply.
//
// Use a Topic when each value is a notification for all subscribers that are connected at
// that moment, and an old notification is worthless.
//
// No type delivers a value again after its receiver died while it held the value.
//
// # Chan
//
// A Chan is a Redis list. An element is an encoded value and nothing else, so plain RPUSH
// and LPOP in redis-cli interoperate with it. Each value goes to one receiver. Values are
// taken in the order in which Redis executed their sends. With several receivers, the order
// in which they process their values is not defined. Close sets a mark in Redis that every
// process sees: receivers drain the remaining values and then stop, and senders get
// [desir.ErrClosed].
//
// Delivery is at most once. A value that no receiver has taken is not lost: a cancel, a
// deadline or a break out of the loop loses nothing. If the context of a receiver ends while
// a take for it is in flight, the receiver waits up to 50 ms for the reply and returns the
// value that arrives. A value that arrives later goes to another receiver or back to the
// head of the list. In that time another process may have taken later values.
//
// Values are lost only if the process dies, if the connection is cut while values are handed
// over, or if a value cannot be put back. The loss is at most one value for each receiver
// that was waiting there. With [Chan.RecvMany] or [Prefetch] it is at most the number of
// values that the receiver may take at once. [PerhapsLost] counts the values that a running
// process may have lost.
//
// To end a program without loss, call [desir.Close]. Alternatively, cancel the contexts of
// all receivers, wait until they have returned, and close the client. If the client is
// closed while receivers wait, they end with desir.ErrClosed within a few seconds.
//
// All waiting receivers of a client share one connection; on a cluster, one connection for
// each node. The client blocks on wake tokens (BLPOP) for one second at a time, and the
// scripts that take values follow in the same pipeline. On a cluster, the client subscribes
// to wake-ups instead. A take costs one round trip for all waiting receivers, O(values), and
// each script is sent once. A lost wake-up delays a receiver by at most one second. Hooks of
// the client do not see the commands on this connection.
//
// A receiver waits for a server that does not serve it because the server is unreachable,
// frozen, read-only or loading. [log/slog.Default] logs this once for each change of the
// reason. If the context of such a receiver ends, the error wraps the context's error and
// the reason, which is [desir.ErrUnavailable].
//
// # PriorityQueue
//
// A PriorityQueue is a Redis sorted set. The lowest priority comes first. Values with the
// same priority are delivered in the order in which their pushes were executed.
//
// Waiting and losses are those of a Chan. A cancel or a deadline loses nothing, and a value
// that is requeued gets its old position. If a process dies or its connection is cut, at
// most one value is lost for each consumer that was waiting there. A value in flight to a
// consumer that left may go to the next consumer of the same client, even if a more urgent
// value has arrived in between.
//
// # Mailbox
//
// A Mailbox is a Redis list of letters to which any client may append. It receives as a
// Chan does and gives the same guarantees. Letters are received in order, or newest first
// with [LIFO]. [Mailbox.Receive] takes the first letter that matches and leaves the others
// in their order. [Mailbox.Ask] sends a letter and waits for the reply.
//
// A stored letter begins with the server's time, so the clocks of senders do not matter. The
// codec covers the rest: the sender's address, the letter's ID and the value. With
// codec.Sign or codec.Encrypt, a letter that was forged, altered or moved from another
// mailbox is a [*codec.DecodeError], and the next letter can be received. The codec does not
// cover the time, the order, or whether a letter exists. A client with write access to
// Redis can delete letters, and can put back an old one.
//
// # Topic
//
// A Topic uses Redis publish and subscribe. A message is the encoded value and nothing
// else, sent by plain PUBLISH, so redis-cli can read and write it. A message is delivered
// at most once, in the order of publishing, to the subscribers of that moment.
//
// A subscriber misses messages if its connection breaks, if it is too slow, or if the server
// fails over. Its loop then yields a [*GapError] at the position of the missed messages. With
// [Numbered] the number of missed messages is exact. All subscriptions of a client share one
// connection. A frozen connection is detected within 10 s.
//
// # Size
//
// An encoded value of more than 1 MiB fails with [codec.ErrTooLarge] before anything is
// sent. SendMany then sends none of its values. A codec with a [codec.Limit] replaces this
// bound with its own, which may be smaller or larger. Received values are bounded only by
// the Limit of the receiver's codec.
package channel
