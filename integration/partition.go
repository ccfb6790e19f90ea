package integration

// Partition disconnects the given servers from all other servers and from each other,
// like a network failure. Connections between servers stay open and silent, and new ones
// cannot be opened. It returns when the servers are disconnected.
//
// Clients still reach every server, so a disconnected master accepts writes, which are
// lost. In a cluster it does so until it notices that it is alone. With Sentinel it does
// so as long as a client sends writes to it.
//
// Partition needs containers with a private network: [Sentinel] with [Container], or
// [Cluster] with [Container] and [Replicas] or [Alone]. A cluster detects the failure
// after 2 seconds, and sentinels after 3. A replica is promoted about a second later.
func (e *Env) Partition(servers ...*Server) {
	e.t.Helper()
	if e.network == nil {
		e.t.Fatalf("integration: Partition needs a network of containers: Sentinel with Container(), or Cluster with Container() and Replicas(1), not %s", e.source)
	}
	for _, s := range servers {
		b, ok := s.control.(*redisContainer)
		if !ok || b.network != e.network {
			e.t.Fatalf("integration: %s is not in this network of containers", s.Addr)
		}
		s.check("disconnect", e.network.disconnect(b))
	}
}

// Heal ends every [Env.Partition] and returns when all servers are connected again. The
// servers find each other within about a second. An old master has the data of the new
// one some seconds later.
func (e *Env) Heal() {
	e.t.Helper()
	for _, s := range e.servers {
		if b, ok := s.control.(*redisContainer); ok && b.network != nil {
			s.check("reconnect", b.network.connect(b))
		}
	}
}
