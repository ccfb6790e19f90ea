package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestCandidates verifies the completions of command lines.
func TestCandidates(t *testing.T) {
	for line, want := range map[string]string{
		"ma":                         "map mailbox",
		"map ":                       "ls get set del len",
		"map l":                      "ls len",
		"map rm m --":                "--help --url --user --askpass --tls --cacert --cert --key --insecure --version",
		"map ls --j":                 "--json",
		"--url redis://h ma":         "map mailbox",
		"--url ":                     "",
		"map ls -n 5 --ms":           "--msgpack",
		"completion ":                "bash zsh fish",
		"do getd":                    "getdel",
		"do --json getd":             "getdel",
		"help pexpiret":              "pexpiretime",
		"do get ":                    "",
		"tour-":                      "",
		"nosuch ":                    "",
		"sortedset p":                "pop",
		"--js":                       "",
		"repl --allow FLUSHALL --js": "--json",
		"lo":                         "lock",
		"lock ":                      "ls show break run",
		"lock run m --":              "--ttl --wait --skip --help --url --user --askpass --tls --cacert --cert --key --insecure --version",
		"lock break m --kind ":       "mutex rw semaphore leader",
		"lock show m --kind s":       "semaphore",
	} {
		status, out, errs := tool(t, append([]string{completeArg}, strings.Split(line, " ")...)...)
		got := strings.Fields(out)
		if line == "nosuch " { // what stands there is no command, and the shell does not know
			continue
		}
		wanted := strings.Fields(want)
		slices.Sort(got)
		slices.Sort(wanted)
		if status != 0 || errs != "" || !slices.Equal(got, wanted) {
			t.Errorf("%q: exit status %d, %q, %q; want %q", line, status, got, errs, want)
		}
	}
}

// TestCompletionScripts loads each script in its shell, if the shell is installed.
func TestCompletionScripts(t *testing.T) {
	for shell, check := range map[string][]string{
		"bash": {"bash", "-c", `eval "$1"; desir() { printf 'map\nmailbox\n'; }; COMP_WORDS=(desir ma); COMP_CWORD=1; _desir; echo "${COMPREPLY[*]}"`, "bash"},
		"zsh":  {"zsh", "-fc", `compdef() { :; }; eval "$1"; typeset -f _desir >/dev/null && echo "map mailbox"`, "zsh"},
		"fish": {"fish", "-c", `eval $argv[1]; and echo "map mailbox"`},
	} {
		status, script, errs := tool(t, "completion", shell)
		if status != 0 || errs != "" || !strings.Contains(script, completeArg) {
			t.Fatalf("%s: exit status %d, %q, %q", shell, status, script, errs)
		}
		if _, err := exec.LookPath(shell); err != nil {
			t.Logf("no %s here", shell)
			continue
		}
		out, err := exec.Command(check[0], append(check[1:], script)...).CombinedOutput()
		if got := strings.Join(strings.Fields(string(out)), " "); err != nil || got != "map mailbox" {
			t.Errorf("%s: %q, %v", shell, out, err)
		}
	}
}
