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
	slog.SetDefault(slog.New(slog.NewTextHandler(&logged, nil)))
	redistest.Parallel(12)    // most tests wait
	os.Exit(redistest.Run(m)) // Main would replace the logger
}

// exercises has the calls of each role, and the roles that these need for other objects.
var exercises = map[string]struct {
	do   func(*world)
	with [][3]string             // type, name, role
	rare map[string]func(*world) // exercises of a single rule that take longer
}{
	"Server checker":            {do: func(w *world) { w.do(first(desir.Check(w.ctx(), w.rdb))) }},
	"Map reader":                {do: (*world).readMap},
	"Map writer":                {do: (*world).writeMap},
	"Set reader":                {do: (*world).readSet},
	"Set writer":                {do: (*world).writeSet},
	"SortedSet reader":          {do: (*world).readSortedSet},
	"SortedSet writer":          {do: (*world).writeSortedSet},
	"List reader":               {do: (*world).readList},
	"List writer":               {do: (*world).writeList},
	"Value reader":              {do: (*world).readValue},
	"Value writer":              {do: (*world).writeValue},
	"Counter reader":            {do: (*world).readCounter},
	"Counter writer":            {do: (*world).writeCounter},
	"IDs taker":                 {do: (*world).takeIDs},
	"Bounded reader":            {do: (*world).readBounded},
	"Bounded writer":            {do: (*world).writeBounded},
	"Window reader":             {do: (*world).readWindow},
	"Window writer":             {do: (*world).writeWindow},
	"Sharded reader":            {do: (*world).readSharded},
	"Sharded writer":            {do: (*world).writeSharded},
	"Chan sender":               {do: (*world).sendChan},
	"Chan receiver":             {do: (*world).receiveChan},
	"PriorityQueue sender":      {do: (*world).sendQueue},
	"PriorityQueue receiver":    {do: (*world).receiveQueue},
	"Mailbox sender":            {do: (*world).sendLetter},
	"Mailbox receiver":          {do: (*world).receiveLetters},
	"Mailbox asker":             {do: (*world).ask, with: [][3]string{{"Mailbox", "other", "sender"}}},
	"Mailbox replier":           {do: (*world).reply, with: [][3]string{{"Mailbox", "other", "receiver"}}},
	"Topic publisher":           {do: (*world).publish},
	"Topic subscriber":          {do: (*world).subscribe},
	"Topic numbered-publisher":  {do: (*world).publishNumbered},
	"Topic numbered-subscriber": {do: (*world).subscribeNumbered},
	"Topic sharded-publisher":   {do: (*world).publishSharded},
	"Topic sharded-subscriber":  {do: (*world).subscribeSharded},
	"Pattern subscriber":        {do: (*world).subscribePattern},
	"rpc caller":                {do: (*world).call, rare: map[string]func(*world){"+lrem": (*world).callNobody}},
	"rpc worker":                {do: (*world).work},
}

// TestRoles has a user exercise each role. With all rules nothing is refused. Without
// one of them the call returns an error, unless the rule is optional.
func TestRoles(t *testing.T) {
	for _, role := range rights.Roles {
		for _, cluster := range []bool{false, true} {
			what := role.Type + " " + role.Name
			t.Run(what+map[bool]string{true: " cluster"}[cluster], func(t *testing.T) {
				t.Parallel()
				e, ok := exercises[what]
				if !ok {
					t.Fatal("nobody exercises it")
				}
				p := start(t, cluster)
				all, own, spared := p.rules(t, role, e.with)
				if out := p.try(t, e.do, all); len(out.errs) > 0 || len(out.denied) > 0 || len(out.logs) > 0 {
					t.Fatalf("with all its rules it may not have %v: %v %v", out.denied, out.errs, out.logs)
				}
				for rule, do := range e.rare {
					if out := p.try(t, do, all); len(out.errs) > 0 || len(out.denied) > 0 {
						t.Errorf("what needs %s: %v, it may not have %v", rule, out.errs, out.denied)
					}
				}
				const each = 6 // number of rules per server
				for from := 0; from < len(own)+len(spared); from += each {
					t.Run("without", func(t *testing.T) {
						t.Parallel()
						p := start(t, cluster)
						all, own, spared := p.rules(t, role, e.with)
						rules := append(own, spared...)
						for i := from; i < min(from+each, len(rules)); i++ {
							do := e.do
							if rare := e.rare[rules[i]]; rare != nil {
								do = rare
							}
							p.without(t, do, all, rules[i], i >= len(own))
						}
					})
				}
			})
		}
	}
}

// rules returns the rules of a role, of the roles that its exercise needs, and its own ones.
func (p *place) rules(t *testing.T, role rights.Role, with [][3]string) (all, own, spared []string) {
	own, spared = role.At(p.name, p.where)
	all = slices.Concat(own, spared)
	for _, w := range with {
		other, err := rights.Find(w[0], w[2])
		if err != nil {
			t.Fatal(err)
		}
		needed, spared := other.At(w[1], p.where)
		all = slices.Concat(all, needed, spared)
	}
	slices.Sort(all)
	return slices.Compact(all), own, spared
}

// unprovoked has optional commands that an exercise may not send: those that are sent every
// 5 s, when a connection is closed, or when a reply is overdue.
var unprovoked = map[string]bool{
	"+publish": true, "+spublish": true, "+unsubscribe": true, "+sunsubscribe": true, "+punsubscribe": true, "+lpos": true,
}

// without exercises a role without one of its rules.
func (p *place) without(t *testing.T, do func(*world), all []string, rule string, spared bool) {
	t.Helper()
	began := time.Now()
	out := p.try(t, do, slices.DeleteFunc(slices.Clone(all), func(r string) bool { return r == rule }))
	if d := time.Since(began); d > 5*time.Second {
		t.Logf("%s: it took %v", rule, d)
	}
	for _, err := range out.errs {
		if !says(err.Error()) && !errors.Is(err, errLost) {
			t.Errorf("without %s: %v", rule, err)
		}
	}
	switch {
	case spared && len(out.denied) == 0 && !unprovoked[rule]:
		t.Errorf("%s makes no difference", rule)
	case spared && len(out.errs) > 0:
		t.Errorf("without %s, which is said to be spared: %v", rule, out.errs)
	case !spared && len(out.denied) == 0:
		t.Errorf("%s is not needed", rule)
	case !spared && len(out.errs) == 0 && !slices.ContainsFunc(out.logs, says):
		t.Errorf("without %s nobody says so, it logs %v", rule, out.logs)
	}
}

// says reports whether a text reports a refusal.
func says(text string) bool {
	return strings.Contains(text, desir.ErrDenied.Error()) || strings.Contains(text, "NOPERM") || strings.Contains(text, "can't run this command") ||
		strings.Contains(text, "ACL failure")
}
