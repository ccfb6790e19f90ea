package desir

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/clients"
)

// Report is the result of [Check]. It has one entry for each master of the client.
type Report struct{ Nodes []NodeReport }

// NodeReport describes one server. A field that the server did not report is empty.
type NodeReport struct {
	Addr        string
	Product     string        // "Redis", "Valkey"
	Version     string        // the product's own, "7.0.15"
	Role        string        // "master", "slave"
	AOF         bool          // appendonly; false with a warning if the server does not report it
	Eviction    string        // maxmemory-policy
	ClockOffset time.Duration // the server's clock minus this machine's, ± half the round trip
	Warnings    []string      // descriptions of what weakens the guarantees

	aof string // aof_enabled in INFO; empty if missing
}

// Warnings returns the warnings of all nodes, each prefixed with the node's address.
func (r Report) Warnings() []string {
	var all []string
	for _, n := range r.Nodes {
		for _, w := range n.Warnings {
			all = append(all, cmp.Or(n.Addr, "?")+": "+w)
		}
	}
	return all
}

// String returns the report as text, with one line for each node and each warning.
func (r Report) String() string {
	var b strings.Builder
	for _, n := range r.Nodes {
		aof := map[string]string{"1": "on", "0": "off"}[n.aof]
		fmt.Fprintf(&b, "%s: %s %s, role %s, AOF %s, eviction %s, clock %+v\n", cmp.Or(n.Addr, "?"), cmp.Or(n.Product, "server"),
			cmp.Or(n.Version, "?"), cmp.Or(n.Role, "?"), cmp.Or(aof, "?"), cmp.Or(n.Eviction, "?"), n.ClockOffset.Round(time.Millisecond))
	}
	for _, w := range r.Warnings() {
		fmt.Fprintln(&b, "warning:", w)
	}
	return b.String()
}

// Check asks every master of the client for the settings that the library's guarantees
// depend on: version 7.0 or later, append-only file on, no eviction, the role and the
// clock. It changes nothing.
//
// Check takes one round trip for each master, with INFO and TIME. For a cluster it first
// asks for the list of nodes.
func Check(ctx context.Context, rdb redis.UniversalClient) (Report, error) {
	var r Report
	h, err := clients.Of(rdb)
	if err == nil {
		err = h.EachMaster(ctx, collect(h, &r))
	}
	if err != nil {
		return Report{}, &OpError{Op: "desir.Check", Err: err}
	}
	return r, nil
}

// collect returns a visitor that adds a node's report to r.
func collect(h *clients.Shared, r *Report) func(context.Context, redis.UniversalClient, string) error {
	var mu sync.Mutex
	return func(ctx context.Context, node redis.UniversalClient, addr string) error {
		var infos []*redis.StringCmd
		var cmds []redis.Cmder
		for _, section := range []string{"server", "persistence", "replication", "memory"} {
			info := redis.NewStringCmd(ctx, "info", section)
			infos, cmds = append(infos, info), append(cmds, info)
		}
		clock := redis.NewTimeCmd(ctx, "time")
		start := time.Now()
		err := h.Sender.ReadOn(ctx, node, append(cmds, clock)...)
		if err != nil && (ctx.Err() != nil || clock.Val().IsZero()) { // an INFO section may be missing, TIME never is
			return err
		}
		middle := start.Add(time.Since(start) / 2)
		facts := map[string]string{}
		for _, info := range infos {
			parseInfo(info.Val(), facts)
		}
		product, version := clients.Product(infos[0].Val())
		n := newNodeReport(addr, product, version, facts)
		n.ClockOffset = clock.Val().Sub(middle)
		n.warn(facts)
		mu.Lock()
		defer mu.Unlock()
		r.Nodes = append(r.Nodes, n)
		return nil
	}
}

func newNodeReport(addr, product, version string, facts map[string]string) NodeReport {
	return NodeReport{
		Addr:     addr,
		Product:  product,
		Version:  version,
		Role:     facts["role"],
		AOF:      facts["aof_enabled"] == "1",
		Eviction: facts["maxmemory_policy"],
		aof:      facts["aof_enabled"],
	}
}

// clockLimit is the clock difference above which Check warns.
const clockLimit = time.Second

func (n *NodeReport) warn(facts map[string]string) {
	warn := func(format string, args ...any) { n.Warnings = append(n.Warnings, fmt.Sprintf(format, args...)) }
	switch major, _, _ := strings.Cut(n.Version, "."); {
	case n.Version == "":
		warn("the server does not report its version; the guarantees require Redis 7.0 or later")
	case n.Product == "Redis" && len(major) == 1 && major < "7":
		warn("version %s is older than 7.0, the oldest version that the library supports", n.Version)
	}
	switch facts["aof_enabled"] {
	case "1":
	case "0":
		warn("appendonly is off: a restart loses acknowledged writes")
	default:
		warn("the server does not report whether appendonly is on: without it a restart loses acknowledged writes")
	}
	switch n.Eviction {
	case "noeviction":
	case "":
		warn("the server does not report its maxmemory-policy; the guarantees require noeviction")
	default:
		warn("maxmemory-policy is %s: a server out of memory deletes keys; the guarantees require noeviction", n.Eviction)
	}
	if n.Role != "" && n.Role != "master" {
		warn("the role is %s: the server refuses writes", n.Role)
	}
	if n.ClockOffset.Abs() > clockLimit {
		warn("the clock differs by %v from this machine's; the library uses the server's clock", n.ClockOffset.Round(time.Millisecond))
	}
}

// parseInfo adds the "name:value" lines of an INFO reply to facts.
func parseInfo(reply string, facts map[string]string) {
	lines := bufio.NewScanner(strings.NewReader(reply))
	for lines.Scan() {
		if name, value, ok := strings.Cut(lines.Text(), ":"); ok {
			facts[name] = value
		}
	}
}
