package rights_test

import (
	"errors"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/internal/rights"
)

// errLost is the result of an exercise in which values were lost, which was logged and
// counted.
var errLost = errors.New("values were lost")

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.NewTextHandler(&logs, nil)))
	redistest.Parallel(12)    // most tests wait
	os.Exit(redistest.Run(m)) // Main would replace the logger
}

// exercises has the calls of each role, and the roles that these need for other objects.
var exercises = map[string]struct {
	do   func(*env)
	with [][3]string           // type, name, role
	rare map[string]func(*env) // exercises of a single rule that take longer
}{
	"Server checker":            {do: func(e *env) { e.record(first(desir.Check(e.ctx(), e.rdb))) }},
	"Map reader":                {do: (*env).readMap},
	"Map writer":                {do: (*env).writeMap},
	"Set reader":                {do: (*env).readSet},
	"Set writer":                {do: (*env).writeSet},
	"SortedSet reader":          {do: (*env).readSortedSet},
	"SortedSet writer":          {do: (*env).writeSortedSet},
	"List reader":               {do: (*env).readList},
	"List writer":               {do: (*env).writeList},
	"Value reader":              {do: (*env).readValue},
	"Value writer":              {do: (*env).writeValue},
	"Counter reader":            {do: (*env).readCounter},
	"Counter writer":            {do: (*env).writeCounter},
	"IDs taker":                 {do: (*env).takeIDs},
	"Bounded reader":            {do: (*env).readBounded},
	"Bounded writer":            {do: (*env).writeBounded},
	"Window reader":             {do: (*env).readWindow},
	"Window writer":             {do: (*env).writeWindow},
	"Sharded reader":            {do: (*env).readSharded},
	"Sharded writer":            {do: (*env).writeSharded},
	"Chan sender":               {do: (*env).sendChan},
	"Chan receiver":             {do: (*env).receiveChan},
	"PriorityQueue sender":      {do: (*env).sendQueue},
	"PriorityQueue receiver":    {do: (*env).receiveQueue},
	"Mailbox sender":            {do: (*env).sendLetter},
	"Mailbox receiver":          {do: (*env).receiveLetters},
	"Mailbox asker":             {do: (*env).ask, with: [][3]string{{"Mailbox", "other", "sender"}}},
	"Mailbox replier":           {do: (*env).reply, with: [][3]string{{"Mailbox", "other", "receiver"}}},
	"Topic publisher":           {do: (*env).publish},
	"Topic subscriber":          {do: (*env).subscribe},
	"Topic numbered-publisher":  {do: (*env).publishNumbered},
	"Topic numbered-subscriber": {do: (*env).subscribeNumbered},
	"Topic sharded-publisher":   {do: (*env).publishSharded},
	"Topic sharded-subscriber":  {do: (*env).subscribeSharded},
	"Pattern subscriber":        {do: (*env).subscribePattern},
	"lock holder":               {do: (*env).holdLocks},
	"rpc caller":                {do: (*env).callService, rare: map[string]func(*env){"+lrem": (*env).callWithoutWorker}},
	"rpc worker":                {do: (*env).runWorker},
}

// TestRoles has a user exercise each role. With all rules nothing is refused. Without
// one of them the call returns an error, unless the rule is optional.
func TestRoles(t *testing.T) {
	redistest.Slow(t)
	for _, role := range rights.Roles {
		for _, cluster := range []bool{false, true} {
			what := role.Type + " " + role.Name
			t.Run(what+map[bool]string{true: " cluster"}[cluster], func(t *testing.T) {
				t.Parallel()
				e, ok := exercises[what]
				if !ok {
					t.Fatal("there is no exercise")
				}
				p := startServer(t, cluster)
				all, own, optional := p.rules(t, role, e.with)
				if out := p.run(t, e.do, all); len(out.errs) > 0 || len(out.denied) > 0 || len(out.logs) > 0 {
					t.Fatalf("with all its rules it may not have %v: %v %v", out.denied, out.errs, out.logs)
				}
				for rule, do := range e.rare {
					if out := p.run(t, do, all); len(out.errs) > 0 || len(out.denied) > 0 {
						t.Errorf("what needs %s: %v, it may not have %v", rule, out.errs, out.denied)
					}
				}
				const each = 6 // number of rules per server
				for from := 0; from < len(own)+len(optional); from += each {
					t.Run("without", func(t *testing.T) {
						t.Parallel()
						p := startServer(t, cluster)
						all, own, optional := p.rules(t, role, e.with)
						rules := append(own, optional...)
						for i := from; i < min(from+each, len(rules)); i++ {
							do := e.do
							if rare := e.rare[rules[i]]; rare != nil {
								do = rare
							}
							p.runWithout(t, do, all, rules[i], i >= len(own))
						}
					})
				}
			})
		}
	}
}

// rules returns the rules of a role, of the roles that its exercise needs, and its own ones.
func (p *testServer) rules(t *testing.T, role rights.Role, with [][3]string) (all, own, optional []string) {
	own, optional = role.At(p.name, p.server)
	all = slices.Concat(own, optional)
	for _, e := range with {
		other, err := rights.Find(e[0], e[2])
		if err != nil {
			t.Fatal(err)
		}
		needed, optional := other.At(e[1], p.server)
		all = slices.Concat(all, needed, optional)
	}
	slices.Sort(all)
	return slices.Compact(all), own, optional
}

// notTriggered has optional commands that an exercise may not send: those that are sent every
// 5 s, when a connection is closed, or when a reply is overdue.
var notTriggered = map[string]bool{
	"+publish": true, "+spublish": true, "+unsubscribe": true, "+sunsubscribe": true, "+punsubscribe": true, "+lpos": true,
}

// runWithout exercises a role without one of its rules.
func (p *testServer) runWithout(t *testing.T, do func(*env), all []string, rule string, optional bool) {
	t.Helper()
	began := time.Now()
	others := slices.DeleteFunc(slices.Clone(all), func(r string) bool { return r == rule })
	out := p.run(t, do, others)
	// On a busy machine an exercise may end before the command is sent: for example, a
	// receiver that finds its value at once does not wait for a wake-up.
	for try := 1; try < 4 && len(out.denied) == 0 && !notTriggered[rule]; try++ {
		out = p.run(t, do, others)
	}
	if d := time.Since(began); d > 5*time.Second {
		t.Logf("%s: it took %v", rule, d)
	}
	for _, err := range out.errs {
		if !reportsDenial(err.Error()) && !errors.Is(err, errLost) {
			t.Errorf("without %s: %v", rule, err)
		}
	}
	switch {
	case optional && len(out.denied) == 0 && !notTriggered[rule]:
		t.Errorf("%s makes no difference", rule)
	case optional && len(out.errs) > 0:
		t.Errorf("without %s, which is optional: %v", rule, out.errs)
	case !optional && len(out.denied) == 0:
		t.Errorf("%s is not needed", rule)
	case !optional && len(out.errs) == 0 && !slices.ContainsFunc(out.logs, reportsDenial):
		t.Errorf("without %s no error says so; logs: %v", rule, out.logs)
	}
}

// reportsDenial reports whether a text reports a refusal.
func reportsDenial(text string) bool {
	return strings.Contains(text, desir.ErrDenied.Error()) || strings.Contains(text, "NOPERM") || strings.Contains(text, "can't run this command") ||
		strings.Contains(text, "ACL failure")
}
