package send

import (
	"strings"

	"github.com/redis/go-redis/v9"
)

// codes maps the code of an error reply, its first word, to its class. Each of these
// codes proves that the command was not executed.
var codes = map[string]error{
	"WRONGTYPE":   ErrWrongType,
	"NOPERM":      ErrDenied,
	"NOAUTH":      ErrDenied,
	"WRONGPASS":   ErrDenied,
	"OOM":         ErrOutOfMemory,
	"CROSSSLOT":   ErrCrossSlot,
	"NOPROTO":     ErrNotSupported,
	"READONLY":    ErrUnavailable,
	"LOADING":     ErrUnavailable,
	"MASTERDOWN":  ErrUnavailable,
	"CLUSTERDOWN": ErrUnavailable,
	"TRYAGAIN":    ErrUnavailable,
	"NOREPLICAS":  ErrUnavailable,
	"BUSY":        ErrUnavailable,
	"MISCONF":     ErrUnavailable,
	"UNBLOCKED":   ErrUnavailable,
	"MOVED":       ErrUnavailable,
	"ASK":         ErrUnavailable,
}

// sentences maps error replies without a useful code to their class, by a part of their
// text. No other code of the library depends on a server's sentences. TestSentences
// provokes each of them on real servers.
var sentences = []struct {
	substring string
	class     error
}{
	{"The user executing the script can't", ErrDenied},                  // Redis 7.0
	{"ACL failure in script", ErrDenied},                                // Redis 7.2 and later, Valkey
	{"without any password configured for the default user", ErrDenied}, // all
	{"Protocol error: unauthenticated", ErrDenied},                      // all, to long commands without AUTH
	{"max number of clients reached", ErrUnavailable},                   // all
	{"Script killed by user", ErrUnavailable},                           // all; a script that has written is not killed
	{"unknown command", ErrNotSupported},                                // all
	{"unknown subcommand", ErrNotSupported},                             // all; Valkey 9 in a script too
	{"Unknown Redis command called from script", ErrNotSupported},       // Redis
	{"Unknown command called from script", ErrNotSupported},             // Valkey
	{"Unknown Redis command", ErrNotSupported},                          // miniredis
	{"command is not allowed from script", ErrNotSupported},             // Redis and Valkey, behind their name
	{"DB index is out of range", ErrNotSupported},                       // all
	{"SELECT is not allowed in cluster mode", ErrNotSupported},          // all before Valkey 9
	{noCluster, ErrNotSupported},                                        // all
	{"same slot", ErrCrossSlot},                                         // all
	{"access a non local key in a cluster node", ErrCrossSlot},          // all
	{"value is not an integer", ErrWrongType},                           // all; "hash value is not an integer" too
	{"value is not a valid float", ErrWrongType},                        // all
	{"value is not a float", ErrWrongType},                              // all
	{"WRONGTYPE Operation", ErrWrongType},                               // miniredis, in a script, with a prefix
}

// noCluster is how a single server refuses the commands of a client for clusters.
const noCluster = "cluster support disabled"

// classifyReply returns an error reply with its class, or unchanged if it has none.
// ignoresRedirects means that the client is not for clusters.
func classifyReply(reply redis.Error, ignoresRedirects bool) error {
	if text := stripArgs(reply.Error()); text != reply.Error() {
		reply = shortenedReply(text)
	}
	text := reply.Error()
	code, _, _ := strings.Cut(text, " ")
	if ignoresRedirects && (code == "MOVED" || code == "ASK" || code == "CROSSSLOT") {
		return WithClass(ErrNotSupported, WithClass(errIsCluster, reply))
	}
	if code == "NOSCRIPT" { // the command was not EVALSHA
		return WithClass(ErrBadReply, reply)
	}
	if class := codes[code]; class != nil {
		return WithClass(class, reply)
	}
	for _, s := range sentences {
		if strings.Contains(text, s.substring) {
			if s.substring == noCluster {
				return WithClass(s.class, WithClass(errNotCluster, reply))
			}
			return WithClass(s.class, reply)
		}
	}
	return reply
}

// stripArgs removes from an error reply the arguments of the command, which the server
// quotes, and the name of the script.
func stripArgs(text string) string {
	text, _, _ = strings.Cut(text, ", with args beginning with")
	text, _, _ = strings.Cut(text, " script: on @") // Valkey 9
	for from := 0; ; {
		i := strings.Index(text[from:], " script: ")
		if i < 0 {
			break
		}
		i += from
		if from = i + len(" script: "); startsWithDigest(text[from:]) {
			text = text[:i]
			break
		}
	}
	for i := 0; i < len(text); i++ { // "(call to f_2f33…)" of older servers
		if startsWithDigest(text[i:]) {
			text = text[:i] + "…" + text[i+40:]
		}
	}
	return text
}

// startsWithDigest reports whether a text begins with the 40 digits of a script's digest.
func startsWithDigest(text string) bool {
	if len(text) < 40 {
		return false
	}
	for _, c := range []byte(text[:40]) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
