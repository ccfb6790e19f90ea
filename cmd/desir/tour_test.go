package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/redistest"
)

// writeText writes a text of random words and returns its path.
func writeText(t *testing.T, r *rand.Rand, lines int, ending string) string {
	t.Helper()
	words := []string{"a", "b", "the", "The", "|", "…", "\x00\xff", "é", "e\u0301", "\u0301", "слово", "٣", "{tag}", "x\u00a0y", "don't", ":=", strings.Repeat("long", 100)}
	spaces := []string{" ", "  ", "\t", "\r", "\v", "\f", ""}
	var b strings.Builder
	for i := range lines {
		for range r.IntN(12) {
			b.WriteString(words[r.IntN(len(words))] + spaces[r.IntN(len(spaces))])
		}
		if i%5 == 0 {
			fmt.Fprintf(&b, " w%d", r.IntN(500))
		}
		b.WriteString("\n")
	}
	b.WriteString(ending)
	path := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

var totals = regexp.MustCompile(`(?m)^(\d+) lines, (\d+) words, (\d+) of them distinct$`)

// check compares a tour's output with a plain Go map.
func check(t *testing.T, out string, files ...string) {
	t.Helper()
	counts, lines, words := map[string]int{}, 0, 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		lines += bytes.Count(data, []byte("\n"))
		if len(data) > 0 && data[len(data)-1] != '\n' {
			lines++
		}
		for _, word := range wordsIn(string(data)) {
			counts[shown(word)]++
			words++
		}
	}
	m := totals.FindStringSubmatch(out)
	want := []string{strconv.Itoa(lines), strconv.Itoa(words), strconv.Itoa(len(counts))}
	if m == nil || !slices.Equal(m[1:], want) {
		t.Fatalf("totals %q, want %q\n%s", m, want, out)
	}
	seen := 0
	for _, line := range strings.Split(out, "\n") {
		n, word, ok := strings.Cut(strings.TrimSpace(line), " ")
		count, err := strconv.Atoi(n)
		if !ok || err != nil || len(strings.Fields(line)) != 2 {
			continue
		}
		if counts[strings.TrimSpace(word)] != count {
			t.Errorf("%q was counted %d times, want %d", word, count, counts[word])
		}
		seen++
	}
	if seen != len(counts) {
		t.Errorf("%d words printed, want %d", seen, len(counts))
	}
}

func TestTour(t *testing.T) {
	r := redistest.Seed(t)
	for name, files := range map[string][]string{
		"some":         {writeText(t, r, 500, "")},
		"unterminated": {writeText(t, r, 70, "no end")},
		"several":      {writeText(t, r, 200, ""), writeText(t, r, 0, ""), writeText(t, r, 33, "x")},
		"empty":        {writeText(t, r, 0, "")},
		"one long":     {writeText(t, r, 0, strings.Repeat("word ", 100_000))},
	} {
		t.Run(name, func(t *testing.T) {
			status, out, errs := tool(t, append([]string{"tour", "--top", "100000"}, files...)...)
			if status != 0 || errs != "" {
				t.Fatalf("exit status %d, %q", status, errs)
			}
			check(t, out, files...)
		})
	}
}

// TestTourOfManual compares a tour with the shell command in its help.
func TestTourOfManual(t *testing.T) {
	status, out, errs := tool(t, "tour", "--top", "100000")
	if status != 0 || errs != "" {
		t.Fatalf("exit status %d, %q", status, errs)
	}
	check(t, out, "doc.go")
	shell, err := exec.Command("sh", "-c", `LC_ALL=C grep -oE '[[:alnum:]]+' doc.go | LC_ALL=C sort | uniq -c`).Output()
	if err != nil {
		t.Skipf("no shell with grep, sort and uniq: %v", err)
	}
	for _, line := range strings.Split(strings.TrimSpace(string(shell)), "\n") {
		n, word, _ := strings.Cut(strings.TrimSpace(line), " ")
		printed := regexp.MustCompile(`(?m)^ *` + n + `  ?` + regexp.QuoteMeta(shown(word)) + `$`)
		if !printed.MatchString(out) {
			t.Errorf("the tour does not say %q", line)
		}
	}
}

// TestWordsIn finds words without punctuation.
func TestWordsIn(t *testing.T) {
	for text, want := range map[string]string{
		"":                             "",
		"| := --- … \u0301 \xff \x00":  "",
		"rdb, err := open(ctx)\n":      "rdb err open ctx",
		"don't; Map[K,V] |go-redis| 9": "don t Map K V go redis 9",
		"é e\u0301 слово हिन्दी ٣ 中文": "é e\u0301 слово हिन्दी ٣ 中文",
		"a\u00a0b_c": "a b c",
	} {
		if got := strings.Join(wordsIn(text), " "); got != want {
			t.Errorf("wordsIn(%q) = %q; want %q", text, got, want)
		}
	}
}

// TestToursTogether runs several tours at once on one server. Each is right, and only
// the number of runs remains stored.
func TestToursTogether(t *testing.T) {
	s := redistest.StartServer(t)
	t.Setenv("DESIR_URL", "redis://"+s.Addr)
	text := writeText(t, redistest.Seed(t), 400, "")
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			var out, errs bytes.Buffer
			if status := run(context.Background(), []string{"tour", "--top", "100000", text}, strings.NewReader(""), &out, &errs); status != 0 {
				t.Errorf("exit status %d, %q", status, errs.String())
				return
			}
			check(t, out.String(), text)
		})
	}
	group.Wait()
	rdb := s.Client(t)
	keys, err := rdb.Keys(context.Background(), "*").Result()
	keys = slices.DeleteFunc(keys, func(key string) bool { return strings.HasPrefix(key, "desir:inbox:") }) // expire
	if err != nil || len(keys) != 1 || keys[0] != "desir:tour:runs" || !onlyExpiring(t, rdb) {
		t.Errorf("keys %q, %v; want the number of runs alone", keys, err)
	}
}

var answers = regexp.MustCompile(`(?m)^Process (\d+) serves calls: Often\("the"\) is 2, in .*; Often\(""\) fails with: the word is empty \(invalid argument\)\.$`)

// TestTourAsks: at its end a tour calls another process, which ends as well.
func TestTourAsks(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte("the cat and the dog"), 0o600); err != nil {
		t.Fatal(err)
	}
	status, out, errs := tool(t, "tour", text)
	m := answers.FindStringSubmatch(out)
	if status != 0 || errs != "" || m == nil || m[1] == strconv.Itoa(os.Getpid()) {
		t.Fatalf("exit status %d, %q, %q", status, out, errs)
	}
	pid, _ := strconv.Atoi(m[1])
	if p, err := os.FindProcess(pid); err == nil && p.Signal(syscall.Signal(0)) == nil {
		t.Errorf("process %d still runs", pid)
	}
}

// TestTourWorker: the other process of a tour ends with its standard input, and if it
// cannot start.
func TestTourWorker(t *testing.T) {
	s := redistest.StartServer(t)
	t.Setenv("DESIR_URL", "redis://"+s.Addr)
	if status, out, errs := tool(t, "tour-worker", "7"); status != 0 || out+errs != "" {
		t.Errorf("exit status %d, %q, %q", status, out, errs)
	}
	if err := s.Client(t).Set(context.Background(), "desir:tour:1:rpc", "text", 0).Err(); err != nil {
		t.Fatal(err)
	}
	status, out, errs := tool(t, "tour", "main.go") // the first of this server
	if status != 1 || !strings.Contains(errs, "the tour's worker: exit status 1") || strings.Contains(out, "serves calls") {
		t.Errorf("a worker that cannot work: exit status %d, %q", status, errs)
	}
}

// TestTourInterrupted interrupts a tour: it reports that, and removes what it has
// stored.
func TestTourInterrupted(t *testing.T) {
	s := redistest.StartServer(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	rdb := s.Client(t)
	p := redistest.NewProxy(t, s.Addr)
	p.Delay(-1, 5e6, redistest.Command("hincrby"))
	text := writeText(t, redistest.Seed(t), 5000, "")
	done := make(chan struct{})
	var status int
	var errs bytes.Buffer
	go func() {
		defer close(done)
		status = run(ctx, []string{"tour", "--url", "redis://" + p.Addr(), text}, strings.NewReader(""), &bytes.Buffer{}, &errs)
	}()
	redistest.Eventually(t, 10e9, func() bool { return p.Count("hincrby") > 20 }, "the tour counts")
	cancel()
	<-done
	if status != 1 || errs.String() != "desir: interrupted\n" {
		t.Errorf("exit status %d, %q; want 1 and one line", status, errs.String())
	}
	redistest.Eventually(t, 5e9, func() bool { return onlyExpiring(t, rdb) }, "what stays expires by itself")
}

func onlyExpiring(t *testing.T, rdb redis.UniversalClient) bool {
	t.Helper()
	keys, err := rdb.Keys(context.Background(), "*").Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		if rdb.TTL(context.Background(), key).Val() < 0 {
			return false
		}
	}
	return true
}
