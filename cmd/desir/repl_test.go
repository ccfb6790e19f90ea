package main

import (
	"context"
	"strings"
	"testing"

	"github.com/desir-go/desir/command"
	"github.com/desir-go/desir/internal/cmdline"
	"github.com/desir-go/desir/internal/redistest"
)

func TestDo(t *testing.T) {
	onServer(t)
	follow(t, []step{
		{[]string{"do", "SET", "tea", "green", "EX", "100"}, 0, "OK\n"},
		{[]string{"do", "get", "tea"}, 0, "green\n"},
		{[]string{"do", "--json", "GET", "tea"}, 0, "\"green\"\n"},
		{[]string{"do", "GET", "none"}, 0, "(nil)\n"},
		{[]string{"do", "--json", "GET", "none"}, 0, "null\n"},
		{[]string{"do", "ZADD", "z", "-1", "a", "2.5", "b"}, 0, "(integer) 2\n"},
		{[]string{"do", "--json", "ZRANGE", "z", "0", "-1"}, 0, "[\"a\",\"b\"]\n"},
		{[]string{"do", "--", "ZRANGE", "z", "0", "-1"}, 0, "1) \"a\"\n2) \"b\"\n"},
		{[]string{"do", "ECHO", "--json"}, 0, "--json\n"},
		{[]string{"do", "SET", "odd", "\x1b[31m\xff\r\nline"}, 0, "OK\n"},
		{[]string{"do", "GET", "odd"}, 0, `"\x1b[31m\xff\r\nline"` + "\n"},
		{[]string{"do", "--json", "GET", "odd"}, 0, `{"$base64":"G1szMW3/DQpsaW5l"}` + "\n"},
		{[]string{"do", "SET", "lines", "a\tb\r\nc"}, 0, "OK\n"},
		{[]string{"do", "GET", "lines"}, 0, "a\\tb\nc\n"},
		{[]string{"do", "--json", "CONFIG", "GET", "maxmemory"}, 0, "{\"maxmemory\":\"0\"}\n"},
		{[]string{"do", "FLUSHALL"}, 1, ""},
		{[]string{"do", "--allow", "FLUSHALL", "FLUSHALL"}, 0, "OK\n"},
		{[]string{"do", "--allow", "NOSUCH", "PING"}, 1, ""},
		{[]string{"do"}, 2, ""},
	})
	for _, tt := range []struct{ line, want string }{
		{"SET tea", "desir: SET: missing argument 2: want value; usage: SET key value [NX | XX]"},
		{"GTE tea", "desir: unknown command GTE; did you mean GET?"},
		{"SHUTDOWN", "--allow"},
		{"EVAL {{ 0", "EVAL"},
	} {
		status, out, errs := tool(t, append([]string{"do"}, strings.Fields(tt.line)...)...)
		if status != 1 || out != "" || !strings.Contains(errs, tt.want) || strings.Count(errs, "\n") != 1 {
			t.Errorf("do %s: exit status %d, %q, %q; want %q", tt.line, status, out, errs, tt.want)
		}
	}
}

func TestHelp(t *testing.T) {
	for _, server := range []bool{false, true} {
		if server {
			onServer(t)
		}
		for _, tt := range []struct {
			words  string
			status int
			want   []string
		}{
			{"rpop", 0, []string{"RPOP key [count]\n", "count ", "integer, optional, since 6.2.0", "group            list"}},
			{"config get", 0, []string{"CONFIG GET parameter"}},
			{"@hyperloglog", 0, []string{"PFADD ", "PFMERGE "}},
			{"@nothing", 1, []string{"no group or category"}},
			{"rpopp", 1, []string{"did you mean RPOP"}},
			{"\x1b[31m", 1, []string{`"\x1b[31m"`}},
			{"", 0, []string{"Usage: desir"}},
		} {
			status, out, errs := tool(t, append([]string{"help"}, strings.Fields(tt.words)...)...)
			if status != tt.status {
				t.Errorf("help %s: exit status %d, %q, %q", tt.words, status, out, errs)
			}
			for _, want := range tt.want {
				if !strings.Contains(out+errs, want) {
					t.Errorf("help %s: %q, %q; want %q", tt.words, out, errs, want)
				}
			}
			if sentence := strings.Contains(out, "\n\nRe"); tt.words == "rpop" && sentence != server {
				t.Errorf("help rpop: %q; want its summary from a server alone", out)
			}
		}
	}
	dead := redistest.StartServer(t)
	dead.Kill()
	status, out, errs := tool(t, "help", "rpop", "--url", "redis://"+dead.Addr+"?max_retries=-1")
	if status != 0 || !strings.HasPrefix(out, "RPOP key") || !strings.Contains(errs, dead.Addr) {
		t.Errorf("help without its server: exit status %d, %q, %q; want the built-in table and a remark", status, out, errs)
	}
}

// TestSession is a new user's first session: it lists keys, makes a mistake and asks
// for help.
func TestSession(t *testing.T) {
	s := onServer(t)
	if err := s.Client(t).RPush(context.Background(), "jobs", "wash", "dry").Err(); err != nil {
		t.Fatal(err)
	}
	status, out, errs := piped(t, "keys *\nget jobs\ntype jobs\n\nrpop jobs\nhelp rpop\n", "repl")
	want := "1) \"jobs\"\nlist\ndry\nRPOP key [count]\n\nRe"
	if status != 1 || !strings.HasPrefix(out, want) {
		t.Errorf("exit status %d, %q; want 1 and %q", status, out, want)
	}
	first, rest, _ := strings.Cut(errs, "\n")
	if !strings.HasPrefix(first, "desir: line 2: ") || !strings.Contains(first, "GET jobs:") || !strings.Contains(first, "WRONGTYPE") {
		t.Errorf("%q; want the line, the command, the key and WRONGTYPE", first)
	}
	if rest != "desir: 1 of 6 lines failed\n" {
		t.Errorf("at the end %q", rest)
	}
}

func TestPipe(t *testing.T) {
	t.Run("embedded", func(t *testing.T) {
		t.Setenv("DESIR_URL", "")
		status, out, errs := piped(t, "GET a", "repl")
		if status != 0 || out != "(nil)\n" || errs != "" {
			t.Errorf("exit status %d, %q, %q; want (nil)", status, out, errs)
		}
	})
	onServer(t)
	for _, tt := range []struct {
		in     string
		status int
		out    string
		errs   string
	}{
		{"", 0, "", ""},
		{"SET 'a b' \"\\x00\\n\"\nGET 'a b'\n", 0, "OK\n\"\\x00\\n\"\n", ""},
		{"PING\r\nexit\nPING\n", 0, "PONG\n", ""},
		{"SET k\nPING\n", 1, "PONG\n", "line 1: SET: missing argument 2"},
		{"ECHO \"open\nPING\n", 1, "PONG\n", "line 1: unbalanced quotes"},
		{"AUTH s3cret\nCONFIG SET requirepass\n", 1, "", "2 of 2 lines failed"},
		{"help nosuch\nquit\n", 1, "", "there is no command nosuch"},
	} {
		status, out, errs := piped(t, tt.in, "repl")
		if status != tt.status || out != tt.out || !strings.Contains(errs, tt.errs) || strings.Contains(errs, "s3cret") {
			t.Errorf("%q: exit status %d, %q, %q; want %d, %q, %q", tt.in, status, out, errs, tt.status, tt.out, tt.errs)
		}
	}
	status, out, _ := piped(t, "RPUSH l a b\nLRANGE l 0 -1\n", "repl", "--json")
	if status != 0 || out != "2\n[\"a\",\"b\"]\n" {
		t.Errorf("as JSON: exit status %d, %q", status, out)
	}
}

// TestHint verifies the text below a line.
func TestHint(t *testing.T) {
	r := &repl{spec: command.Builtin()}
	for line, want := range map[string]string{
		"":             "",
		"get":          "GET key",
		`"get" k `:     "GET key",
		"config ge":    "CONFIG subcommand …",
		"config get *": "CONFIG GET parameter [parameter ...]",
		"gte":          "",
		"gte ":         "unknown command; did you mean GET?",
		"nosuchname x": "unknown command",
		"help rpop":    "",
	} {
		if got := r.hint(line); got != want {
			t.Errorf("hint(%q) = %q; want %q", line, got, want)
		}
	}
}

// TestMasked hides passwords and keeps their lines out of the history.
func TestMasked(t *testing.T) {
	for line, want := range map[string]string{
		"AUTH":                                        "AUTH",
		"auth s3cret":                                 "auth ******",
		"AUTH ada 's3 cret":                           "AUTH *** ********",
		"AUHT пароль":                                 "AUHT ******",
		"HELLO 3 AUTH ada s3cret SETNAME x":           "HELLO 3 AUTH *** ****** SETNAME x",
		"MIGRATE h 1 k 0 9 AUTH2 ada s3cret":          "MIGRATE h 1 k 0 9 AUTH2 *** ******",
		"migrate h 1 k 0 9 auth s3cret":               "migrate h 1 k 0 9 auth ******",
		"ACL SETUSER ada on >s3cret":                  "ACL SETUSER ada ** *******",
		"ACL SETUSR ada >s3cret":                      "ACL SETUSR ada *******",
		"CONFIG SET maxmemory 1 requirepass s3cret":   "CONFIG SET maxmemory 1 requirepass ******",
		"config set masterauth s3cret":                "config set masterauth ******",
		"SENTINEL SET main auth-pass s3cret":          "SENTINEL SET main auth-pass ******",
		"GET auth":                                    "",
		"CONFIG GET requirepass tls-key-file-pass":    "",
		"ACL GETUSER ada":                             "",
		"SET auth s3cret":                             "",
		"help auth x":                                 "",
		"MIGRATE h 1 k 0 9":                           "",
		"CONFIG SET maxmemory 100mb":                  "",
		"EXISTS 'AUTH x'":                             "",
		"\"AUTH\" \"s3cret\" ":                        "\"AUTH\" ******** ",
		"CONFIG SET tls-client-key-file-pass \"a b\"": "CONFIG SET tls-client-key-file-pass *****",
	} {
		spec := command.Builtin()
		hidden := want != "" && want != "AUTH"
		if want == "" {
			want = line
		}
		if got := masked(spec, line); got != want {
			t.Errorf("masked(%q) = %q; want %q", line, got, want)
		}
		if got := len(secrets(spec, wordsOf(line))) > 0; got != hidden {
			t.Errorf("%q has secrets: %t; want %t", line, got, hidden)
		}
	}
}

// TestWordsOf compares wordsOf with cmdline.Split, and has open quotes.
func TestWordsOf(t *testing.T) {
	for _, line := range []string{
		"", "  ", "a", " a  b ", `"a b" c`, `'a\'b' "c\"d"`, `a"b c"`, `"\x41\n" 'x\n'`, "a\tb\vc\fd\re", `""`, `a\ b`, `"a\\" b`, `д "е ж"`,
	} {
		want, err := cmdline.Split(line)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if got := wordTexts(wordsOf(line)); strings.Join(got, "|") != strings.Join(want, "|") || len(got) != len(want) {
			t.Errorf("wordsOf(%q) = %q; want %q", line, got, want)
		}
	}
	for line, want := range map[string]word{
		`get "a b`: {4, 8, "a b", '"'},
		`get 'a`:   {4, 6, "a", '\''},
		`get a"b`:  {4, 7, "ab", '"'},
		`get "a\`:  {4, 7, "a", '"'},
		`get "`:    {4, 5, "", '"'},
	} {
		if all := wordsOf(line); len(all) != 2 || all[1] != want {
			t.Errorf("wordsOf(%q) = %+v; want %+v", line, all, want)
		}
	}
}
