package embedded

import (
	"slices"
	"strings"

	"github.com/alicebob/miniredis/v2/server"
)

// beforeCommand sees every command first.
func (s *Server) beforeCommand(peer *server.Peer, cmd string, args ...string) bool {
	s.watchExpiry(cmd, args)
	flattenPairs(peer, cmd, args)
	return false // not answered here: the command goes on
}

// flattenPairs mends HRANDFIELD WITHVALUES. Under RESP3 miniredis answers with
// a map, which no Redis does and go-redis refuses; the flat array of RESP2 is
// fine with both.
func flattenPairs(peer *server.Peer, cmd string, args []string) {
	if cmd != "HRANDFIELD" || !peer.Resp3 ||
		!slices.ContainsFunc(args, func(a string) bool { return strings.EqualFold(a, "WITHVALUES") }) {
		return
	}
	back := true
	peer.Resp3, peer.SwitchResp3 = false, &back // again RESP3 after this command
}
