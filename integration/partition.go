package integration

// Partition cuts servers off from all others, and from each other, as when the
// network between them breaks: their connections stay open and silent, and no
// new ones are made. It returns when that is so. Clients reach every server as
// before, so an old master takes writes, which are lost: in a cluster until it
// notices that it is alone, behind sentinels as long as a client sends it some.
//
// It needs containers that have a network of their own: those of [Sentinel] with
// [Container], or of [Cluster] with [Replicas] or [Alone] beside it. A cluster
// notices after 2 seconds, sentinels after one, and a replica is promoted about a
// second later.
func (e *Env) Partition(servers ...*Server) {
	e.t.Helper()
	if e.lan == nil {
		e.t.Fatalf("integration: Partition needs a network of containers: Sentinel with Container(), or Cluster with Container() and Replicas(1), not %s", e.source)
	}
	for _, s := range servers {
		b, ok := s.body.(*box)
		if !ok || b.lan != e.lan {
			e.t.Fatalf("integration: %s is not in this network of containers", s.Addr)
		}
		s.check("cut off", e.lan.leave(b))
	}
}

// Heal ends every [Env.Partition] and returns when the servers are where they
// were. They find each other within about a second, and an old master has the data
// of the new one some seconds later.
func (e *Env) Heal() {
	e.t.Helper()
	for _, s := range e.servers {
		if b, ok := s.body.(*box); ok && b.lan != nil {
			s.check("join", b.lan.join(b))
		}
	}
}
