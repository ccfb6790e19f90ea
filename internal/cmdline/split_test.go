package cmdline_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/desir-go/desir/command"
	"github.com/desir-go/desir/internal/cmdline"
	"github.com/desir-go/desir/internal/redistest"
)

func TestMain(m *testing.M) { os.Exit(redistest.Main(m)) }

var quoting = []struct {
	line string
	want []string // nil: unbalanced
}{
	{``, []string{}},
	{"  \t ", []string{}},
	{`set k v`, []string{"set", "k", "v"}},
	{"  set\tk\v  v\r\n", []string{"set", "k\v", "v"}},
	{`set k 'a b'`, []string{"set", "k", "a b"}},
	{`set k "a b"`, []string{"set", "k", "a b"}},
	{`"\n\r\t\b\a\\\"\q"`, []string{"\n\r\t\b\a\\\"q"}},
	{`"\x00\xfF\x4"`, []string{"\x00\xffx4"}},
	{`"\xzz"`, []string{"xzz"}},
	{`'\n\x41 \' "'`, []string{`\n\x41 ' "`}},
	{`""`, []string{""}},
	{`'' ""`, []string{"", ""}},
	{`a"b c"`, []string{"ab c"}},
	{`a'b c' d`, []string{"ab c", "d"}},
	{`a\nb`, []string{`a\nb`}},
	{`"a"b`, nil},
	{`'a'b`, nil},
	{`"a""b"`, nil},
	{`"a`, nil},
	{`'a`, nil},
	{`a"`, nil},
	{`"a\`, nil},
	{`"a\"`, nil},
	{`'a\'`, nil},
	{"\"a\nb\"", []string{"a\nb"}},
	{"ключ \"значение\"", []string{"ключ", "значение"}},
}

func TestSplit(t *testing.T) {
	for _, tt := range quoting {
		got, err := cmdline.Split(tt.line)
		if !slices.Equal(got, tt.want) || errors.Is(err, cmdline.ErrQuotes) != (tt.want == nil) {
			t.Errorf("Split(%q) = %q, %v; want %q", tt.line, got, err, tt.want)
		}
	}
}

// TestSplitMatchesRedisCLI compares Split with redis-cli.
func TestSplitMatchesRedisCLI(t *testing.T) {
	t.Parallel()
	cli, err := exec.LookPath("redis-cli")
	if err != nil {
		t.Skip("redis-cli not found on PATH")
	}
	if version, err := exec.Command(cli, "--version").Output(); err != nil || !strings.HasPrefix(string(version), "redis-cli") {
		t.Skipf("redis-cli is %s, which reads quotes inside a word otherwise (%v)", version, err)
	}
	s := redistest.StartServer(t)
	r := command.New(s.Client(t))
	for _, tt := range quoting {
		if strings.Contains(tt.line, "\n") || len(tt.want) == 0 && tt.want != nil {
			continue // redis-cli reads line by line
		}
		cmd := exec.Command(cli, "-p", strconv.Itoa(s.Port))
		cmd.Stdin = strings.NewReader("rpush got " + tt.line + "\n")
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		got, _, err := command.Run[[]string](t.Context(), r, "lrange", "got", 0, -1)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Do(t.Context(), "del", "got"); err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(out, []byte("Invalid argument")) != (tt.want == nil) || tt.want != nil && !slices.Equal(got, tt.want) {
			t.Errorf("redis-cli reads %s as %q (%s); Split as %q", tt.line, got, out, tt.want)
		}
	}
}

// FuzzSplit verifies that quoted text is read back unchanged, and that nothing panics.
func FuzzSplit(f *testing.F) {
	for _, tt := range quoting {
		f.Add(tt.line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		words, err := cmdline.Split(line)
		if err != nil {
			return
		}
		var quoted []string
		for _, w := range words {
			quoted = append(quoted, cmdline.Quote(w))
		}
		again, err := cmdline.Split(strings.Join(quoted, " "))
		if err != nil || !slices.Equal(again, words) {
			t.Errorf("%q, quoted and read again: %q, %v", words, again, err)
		}
	})
}
