package embedded

import (
	"slices"
	"strings"

	"github.com/alicebob/miniredis/v2/server"
)

// beforeCommand runs before every command.
func (s *Server) beforeCommand(peer *server.Peer, cmd string, args ...string) bool {
	s.watchExpiry(cmd, args)
	flattenPairs(peer, cmd, args)
	return false // no reply was sent: the server executes the command
}

// flattenPairs corrects HRANDFIELD WITHVALUES. Under RESP3 miniredis replies with a map,
// which Redis never does and go-redis refuses. go-redis accepts the flat array of RESP2
// under both protocols.
func flattenPairs(peer *server.Peer, cmd string, args []string) {
	if cmd != "HRANDFIELD" || !peer.Resp3 ||
		!slices.ContainsFunc(args, func(a string) bool { return strings.EqualFold(a, "WITHVALUES") }) {
		return
	}
	back := true
	peer.Resp3, peer.SwitchResp3 = false, &back // miniredis returns to RESP3 after this command
}
