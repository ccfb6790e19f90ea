package redistest

// Master returns the server that the sentinels report as the master. It returns nil if
// they do not agree, for example during a failover.
func (s *Sentinel) Master() *Server { return s.node(s.Set().Master()) }

// Failover makes a sentinel promote a replica. It then waits like [Sentinel.MasterAfter]
// and returns the new master.
func (s *Sentinel) Failover() *Server {
	s.t.Helper()
	master, err := s.Set().Failover()
	s.check("failover", err)
	return s.node(master)
}

// MasterAfter is [SentinelSet.MasterAfter].
func (s *Sentinel) MasterAfter(old *Server) *Server {
	s.t.Helper()
	master, err := s.Set().MasterAfter(old.Addr)
	s.check("failover", err)
	return s.node(master)
}

// AwaitStable is [SentinelSet.AwaitStable].
func (s *Sentinel) AwaitStable() {
	s.t.Helper()
	s.check("await the end of a failover", s.Set().AwaitStable())
}

func (s *Sentinel) node(addr string) *Server {
	for _, n := range s.Nodes {
		if n.Addr == addr {
			return n
		}
	}
	return nil
}

func (s *Sentinel) check(what string, err error) {
	s.t.Helper()
	if err == nil {
		return
	}
	for _, x := range s.Sentinels {
		s.t.Logf("sentinel %s:\n%s", x.Addr, x.Log())
	}
	s.t.Fatalf("%s: %v", what, err)
}
