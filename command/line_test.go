package command

import (
	"bytes"
	"errors"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/desir-go/desir/internal/redistest"
)

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

func TestWords(t *testing.T) {
	for _, tt := range quoting {
		got, err := Words(tt.line)
		if !slices.Equal(got, tt.want) || errors.Is(err, errQuotes) != (tt.want == nil) {
			t.Errorf("Words(%q) = %q, %v; want %q", tt.line, got, err, tt.want)
		}
	}
}

// TestWordsAreRedisCLIs has redis-cli read the same lines.
func TestWordsAreRedisCLIs(t *testing.T) {
	t.Parallel()
	cli, err := exec.LookPath("redis-cli")
	if err != nil {
		t.Skip("redis-cli not found on PATH")
	}
	if version, err := exec.Command(cli, "--version").Output(); err != nil || !strings.HasPrefix(string(version), "redis-cli") {
		t.Skipf("redis-cli is %s, which reads quotes inside a word otherwise (%v)", version, err)
	}
	s := redistest.StartServer(t)
	r := New(s.Client(t))
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
		got, _, err := Run[[]string](ctx, r, "lrange", "got", 0, -1)
		if err != nil {
			t.Fatal(err)
		}
		do(t, r, "del", "got")
		if bytes.Contains(out, []byte("Invalid argument")) != (tt.want == nil) || tt.want != nil && !slices.Equal(got, tt.want) {
			t.Errorf("redis-cli reads %s as %q (%s); Words as %q", tt.line, got, out, tt.want)
		}
	}
}

// FuzzWords verifies that quoted text is read back unchanged, and that nothing panics.
func FuzzWords(f *testing.F) {
	for _, tt := range quoting {
		f.Add(tt.line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		words, err := Words(line)
		if err != nil {
			return
		}
		var quoted []string
		for _, w := range words {
			quoted = append(quoted, quote(w))
		}
		again, err := Words(strings.Join(quoted, " "))
		if err != nil || !slices.Equal(again, words) {
			t.Errorf("%q, quoted and read again: %q, %v", words, again, err)
		}
	})
}
