// Bench compares desir with its peers, on a dedicated redis-server, and prints tables of
// ratios. See README.md.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"syscall"
	"time"
)

// settings are the flags.
type settings struct {
	rounds int
	slice  time.Duration
	goals  []string // empty: all
	pinned bool
	cpu    string
	groups []string // empty: all
}

func main() {
	var s settings
	var goals, role, arg string
	flag.IntVar(&s.rounds, "rounds", 5, "rounds of every contest; the result is the median of their ratios")
	flag.DurationVar(&s.slice, "slice", 300*time.Millisecond, "how long each competitor works in a round")
	flag.StringVar(&goals, "goals", "", "only these goals, and the peers that they speak of, as in \"G1,G8\"")
	flag.BoolVar(&s.pinned, "pin", false, "a core for the server and another for the clients; contests of 1 and 16 callers only")
	flag.StringVar(&s.cpu, "cpuprofile", "", "file for a CPU profile of the whole run")
	flag.StringVar(&role, "role", "", "for the program's own use: what a process of it is besides")
	flag.StringVar(&arg, "arg", "", "for the program's own use")
	flag.Usage = func() {
		fmt.Fprintf(flag.CommandLine.Output(), "usage: bench [flags] [%s]...\n", strings.Join(groupNames(), "|"))
		flag.PrintDefaults()
	}
	flag.Parse()
	if goals != "" {
		s.goals = strings.Split(goals, ",")
	}
	s.groups = flag.Args()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	switch {
	case role != "":
		err = runRole(role, arg)
	case s.pinned && runtime.NumCPU() > 1:
		err = onOneCore()
	default:
		err = run(ctx, s)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// onOneCore replaces this process by the same program, pinned to a core that the server
// does not use.
func onOneCore() error {
	taskset, err := exec.LookPath("taskset")
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	return syscall.Exec(taskset, slices.Concat([]string{"taskset", "-c", "1", self}, os.Args[1:]), os.Environ())
}

// groups contains the tables by the argument that selects them. A group may have several
// tables.
var groups = []struct {
	name string
	of   func(*env) ([]contest, error)
}{
	{"collections", (*env).collections},
	{"channel", (*env).channels},
	{"channel", (*env).latencies},
	{"channel", (*env).topics},
	{"lock", (*env).locks},
	{"atomic", (*env).atomic},
	{"rpc", (*env).calls},
}

func groupNames() (names []string) {
	for _, g := range groups {
		names = append(names, g.name)
	}
	return slices.Compact(names)
}

func run(ctx context.Context, s settings) error {
	for _, name := range s.groups {
		if !slices.Contains(groupNames(), name) {
			return fmt.Errorf("there is no group %q; there are %s", name, strings.Join(groupNames(), ", "))
		}
	}
	server, err := startServer(ctx, s.pinned)
	if err != nil {
		return err
	}
	defer server.stop()
	w := &env{addr: server.addr}
	defer w.close()
	if s.cpu != "" {
		f, err := os.Create(s.cpu)
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	fmt.Printf("%s, %s, %d CPUs, %d rounds of %v, pinned: %t\n", server.version, runtime.Version(), runtime.NumCPU(), s.rounds, s.slice, s.pinned)
	for _, g := range groups {
		if len(s.groups) > 0 && !slices.Contains(s.groups, g.name) {
			continue
		}
		contests, err := g.of(w)
		if err != nil {
			return fmt.Errorf("%s: %w", g.name, err)
		}
		if err := table(ctx, s, s.choose(contests)); err != nil {
			return err
		}
	}
	return nil
}

// choose returns the contests and peers that the flags select.
func (s settings) choose(all []contest) (chosen []contest) {
	for _, c := range all {
		if s.pinned && (c.callers > 16 || c.spread) {
			continue
		}
		if s.goals != nil {
			c.peers = slices.DeleteFunc(c.peers, func(p peer) bool { return !slices.Contains(s.goals, p.goal) })
		}
		if len(c.peers) > 0 {
			chosen = append(chosen, c)
		}
	}
	return chosen
}
