// Bench measures desir side by side with its peers, on a redis-server of its
// own, and prints one table of ratios. See README.md.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"time"
)

// settings are the flags.
type settings struct {
	rounds int
	slice  time.Duration
	only   string
	cpu    string
	role   string
	arg    string
}

func main() {
	var s settings
	flag.IntVar(&s.rounds, "rounds", 5, "rounds of every goal; the result is the median of their ratios")
	flag.DurationVar(&s.slice, "slice", 300*time.Millisecond, "how long each competitor works in a round")
	flag.StringVar(&s.only, "goals", "", "the goals to measure, as in \"G1,G8\"; empty for all")
	flag.StringVar(&s.cpu, "cpuprofile", "", "file for a CPU profile of the whole run")
	flag.StringVar(&s.role, "role", "", "for the program's own use: what a process of it is besides")
	flag.StringVar(&s.arg, "arg", "", "for the program's own use")
	flag.Parse()
	if s.role != "" {
		if err := play(s.role, s.arg); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, s); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, s settings) error {
	server, err := startServer(ctx)
	if err != nil {
		return err
	}
	defer server.stop()
	w, err := newWorld(ctx, server.addr)
	if err != nil {
		return err
	}
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
	fmt.Printf("%s, %s, %d CPUs, %d rounds of %v\n\n", server.version, runtime.Version(), runtime.NumCPU(), s.rounds, s.slice)
	fmt.Println("| goal | work | callers | desir | peer | ratio | must | of the peer |")
	fmt.Println("|---|---|---|---|---|---|---|---|")
	var wanted []string
	if s.only != "" {
		wanted = strings.Split(s.only, ",")
	}
	goals, stop, err := goals(w, wanted)
	if err != nil {
		return err
	}
	defer stop()
	for _, g := range goals {
		if wanted != nil && !slices.Contains(wanted, g.name) {
			continue
		}
		line, err := g.measure(ctx, s)
		if err != nil {
			return fmt.Errorf("%s: %w", g.name, err)
		}
		fmt.Println(line)
	}
	return nil
}

// rpcGoals are those that need workers.
var rpcGoals = []string{"G18", "G19", "G20", "G21", "G22", "G24"}

// goals lists all there are, and starts what they need.
func goals(w *world, wanted []string) ([]goal, func(), error) {
	all := slices.Concat(w.gets(), w.structs(), w.sets(), w.counters(), w.channels(), w.pools())
	if wanted != nil && !slices.ContainsFunc(wanted, func(g string) bool { return slices.Contains(rpcGoals, g) }) {
		return all, func() {}, nil
	}
	calls, stop, err := w.calls()
	return append(all, calls...), stop, err
}
