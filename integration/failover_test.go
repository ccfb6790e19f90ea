package integration

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/desir-go/desir/internal/conn"
	"github.com/desir-go/desir/internal/redistest"
)

// TestFailoverUnderLoad kills a master under load. Calls must succeed again at most a
// second after the promotion of a replica. Only writes that were acknowledged shortly
// before the kill may be lost.
func TestFailoverUnderLoad(t *testing.T) {
	t.Parallel()
	for name, create := range map[string]func(testing.TB) *Env{
		"cluster":  func(t testing.TB) *Env { return Cluster(t, Replicas(1)) },
		"sentinel": func(t testing.TB) *Env { return Sentinel(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			killUnderLoad(t, create(t))
		})
	}
}

// underLoad calls replace, which replaces a master, while calls run, and checks the
// results of the calls.
//
// On a busy machine another, healthy master may be silent for so long that it is replaced
// too. The writes that only it had acknowledged are then lost, so the findings mean
// nothing. In that case underLoad repeats the run, up to two times.
func underLoad(t *testing.T, e *Env, name string, replace func(l *load) (outage time.Duration, lossy lossWindow)) {
	t.Helper()
	for run := range 3 {
		before := countPromotions(e)
		l := startLoad(t, e.NewClient(), fmt.Sprint(name, run, ":"))
		l.progress(t, 50)
		outage, lossy := replace(l)
		found := l.stop(t, outage, lossy)
		n := countPromotions(e) - before
		if len(found) > 0 && n != 1 && run < 2 {
			t.Logf("%d servers became master instead of one; %d findings, the first: %s", n, len(found), found[0])
			continue
		}
		found.report(t)
		return
	}
}

// countPromotions counts in the logs how often a server became master.
func countPromotions(e *Env) (n int) {
	for _, s := range slices.Concat(e.servers, e.sentinels) {
		log := s.Log()
		n += strings.Count(log, "Failover election won") + strings.Count(log, "+promoted-slave")
	}
	return n
}

// killMaster kills a master. It returns the time until another master took over, and the
// window in which acknowledged writes may be lost. The window begins before the replicas
// had a complete copy and ends when the other master has taken over.
func killMaster(t *testing.T, e *Env) (failover time.Duration, lossy lossWindow) {
	t.Helper()
	master := anyMaster(t, e)
	lossy.from = time.Now()
	awaitCopies(t, e)
	died := time.Now()
	master.Kill()
	awaitNewMaster(t, e, master)
	lossy.to = time.Now()
	failover = lossy.to.Sub(died)
	t.Logf("another master after %v", failover)
	return failover, lossy
}

func anyMaster(t *testing.T, e *Env) *Server {
	t.Helper()
	for _, s := range e.Servers() {
		if role(t, s) == "master" {
			return s
		}
	}
	t.Fatal("no master")
	return nil
}

// awaitCopies waits until every replica has the data that its master had at the call.
func awaitCopies(t *testing.T, e *Env) {
	t.Helper()
	replicas := 1
	if e.kind == "sentinel" {
		replicas = 2
	}
	for _, s := range e.Servers() {
		if role(t, s) != "master" {
			continue
		}
		if err := redistest.AwaitReplicas(within(t, 30*time.Second), nodeClient(t, s), replicas); err != nil {
			t.Fatal(err)
		}
	}
}

// awaitNewMaster waits until another server has replaced master and, in a cluster, until
// all other nodes report a complete cluster.
func awaitNewMaster(t *testing.T, e *Env, master *Server) {
	t.Helper()
	redistest.Eventually(t, time.Minute, func() bool {
		if e.kind == "sentinel" {
			m := e.sentinelSet.Master()
			return m != "" && m != master.Addr
		}
		masters := 0
		for _, s := range e.Servers() {
			if s == master {
				continue
			}
			if role(t, s) == "master" {
				masters++
			}
			if !clusterOK(t, s) {
				return false
			}
		}
		return masters == redistest.Masters
	}, "another master")
}

// TestContainersUnderLoad moves slots of a cluster of six containers, restarts all nodes,
// kills a master and disconnects a master, one after the other, under load. With Sentinel
// it kills and disconnects a master.
func TestContainersUnderLoad(t *testing.T) {
	t.Parallel()
	redistest.Slow(t)
	t.Run("cluster", func(t *testing.T) {
		t.Parallel()
		e := Cluster(t, Container(), Replicas(1))
		t.Run("SlotsMove", func(t *testing.T) {
			l := startLoad(t, e.NewClient(), "moves:")
			l.progress(t, 50)
			began := time.Now()
			for range 2 {
				for _, kind := range []string{"map", "counter", "chan", "rpc"} {
					moveSlot(t, e, l.object(0, kind), func() { l.totalProgress(t, 100) })
				}
			}
			l.progress(t, 10)
			l.stop(t, time.Since(began), lossWindow{}).report(t)
		})
		t.Run("RollingRestart", func(t *testing.T) { rollingRestart(t, e) })
		t.Run("Kill", func(t *testing.T) { killUnderLoad(t, e) })
		t.Run("Freeze", func(t *testing.T) {
			last := e.Servers()[5]
			last.Freeze()
			if err := nodeClient(t, last).Ping(within(t, 50*time.Millisecond)).Err(); err == nil {
				t.Error("a frozen node replies")
			}
			last.Thaw()
			awaitStable(t, e)
		})
		t.Run("Partition", func(t *testing.T) { partitionUnderLoad(t, e) })
	})
	t.Run("sentinel", func(t *testing.T) {
		t.Parallel()
		e := Sentinel(t, Container())
		t.Run("Kill", func(t *testing.T) { killUnderLoad(t, e) })
		t.Run("Partition", func(t *testing.T) { partitionUnderLoad(t, e) })
	})
}

// killUnderLoad kills a master under load and starts it again.
func killUnderLoad(t *testing.T, e *Env) {
	t.Helper()
	underLoad(t, e, "kill", func(l *load) (time.Duration, lossWindow) {
		master := anyMaster(t, e)
		failover, lossy := killMaster(t, e)
		l.progress(t, 10)
		master.Restart()
		awaitStable(t, e)
		if r := role(t, master); r != "slave" {
			t.Errorf("the old master is a %s now; want a replica", r)
		}
		return failover + time.Second, lossy
	})
}

// partitionUnderLoad disconnects a master from the network under load, and reconnects it.
func partitionUnderLoad(t *testing.T, e *Env) {
	t.Helper()
	underLoad(t, e, "partition", func(l *load) (time.Duration, lossWindow) {
		master := anyMaster(t, e)
		lossy := lossWindow{from: time.Now()}
		awaitCopies(t, e)
		cut := time.Now()
		e.Partition(master)
		e.Partition(master) // no effect on a disconnected server
		awaitNewMaster(t, e, master)
		failover := time.Since(cut)
		t.Logf("another master after %v", failover)
		if e.kind == "cluster" { // a disconnected master stops accepting writes
			redistest.Eventually(t, time.Minute, func() bool { return !clusterOK(t, master) }, "the old master reports an incomplete cluster")
			t.Logf("the old one has stopped accepting writes after %v", time.Since(cut))
		}
		if r := role(t, master); r != "master" {
			t.Errorf("the role of the old master, as clients see it: %q; want master", r)
		}
		lossy.to = time.Now()
		l.progress(t, 10)
		healed := time.Now()
		e.Heal()
		e.Heal()
		redistest.Eventually(t, time.Minute, func() bool { return role(t, master) == "slave" }, "the old master follows the new one")
		if e.kind == "sentinel" { // until now clients may have sent writes to it, and workers may have read from it
			lossy.to, l.moving = time.Now(), conn.SentinelLifetime
		}
		follows := time.Since(healed)
		awaitStable(t, e)
		t.Logf("it follows the new one after %v and has its data after %v", follows, time.Since(healed))
		l.progress(t, 10)
		return failover + time.Second, lossy
	})
}

// clusterOK reports whether a node replies and knows a master for every slot.
func clusterOK(t *testing.T, s *Server) bool {
	t.Helper()
	c := nodeClient(t, s)
	defer c.Close()
	info, err := c.ClusterInfo(ctx).Result()
	return err == nil && strings.Contains(info, "cluster_state:ok")
}

// moveSlot moves the slot of a key to another master.
func moveSlot(t *testing.T, e *Env, key string, half func()) {
	t.Helper()
	var nodes redistest.Nodes
	for _, s := range e.Servers() {
		nodes = append(nodes, redistest.Node{Addr: s.Addr})
	}
	from, err := nodes.MasterFor(key)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range e.Servers() {
		if s.Addr != from && role(t, s) == "master" {
			nodes.MoveSlot(t, key, s.Addr, half)
			return
		}
	}
	t.Fatal("no other master")
}
