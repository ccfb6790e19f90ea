package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"github.com/creack/pty"

	"github.com/desir-go/desir/internal/redistest"
)

// asTool makes the test binary run the tool.
const asTool = "DESIR_TEST_AS_TOOL"

// terminal is the tool at a terminal.
type terminal struct {
	t     *testing.T
	pty   *os.File
	ended chan struct{}
	err   error // once it has ended
	mu    sync.Mutex
	seen  bytes.Buffer
	at    int // what was expected already
}

// atTerminal starts the tool at its own terminal.
func atTerminal(t *testing.T, args ...string) *terminal {
	t.Helper()
	settings := filepath.Join(t.TempDir(), "inputrc")
	if err := os.WriteFile(settings, []byte("set cursor-position-probe off\n"), 0o600); err != nil { // this terminal does not reply
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), asTool+"=1", "TERM=xterm", "INPUTRC="+settings)
	file, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 40, Cols: 100})
	if err != nil {
		t.Skipf("no pseudo terminal: %v", err)
	}
	term := &terminal{t: t, pty: file, ended: make(chan struct{})}
	done := make(chan struct{})
	go func() {
		defer close(done)
		term.listen()
	}()
	go func() {
		defer close(term.ended)
		term.err = cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-term.ended
		_ = file.Close()
		<-done
	})
	return term
}

// listen reads the tool's output.
func (term *terminal) listen() {
	for buf := make([]byte, 4096); ; {
		n, err := term.pty.Read(buf)
		if err != nil {
			return
		}
		term.mu.Lock()
		term.seen.Write(buf[:n])
		term.mu.Unlock()
	}
}

func (term *terminal) keys(keys string) {
	term.t.Helper()
	if _, err := term.pty.WriteString(keys); err != nil {
		term.t.Fatal(err)
	}
}

// expect waits for a text after the texts expected before.
func (term *terminal) expect(text string) {
	term.t.Helper()
	redistest.Eventually(term.t, terminalTimeout, func() bool {
		term.mu.Lock()
		defer term.mu.Unlock()
		i := strings.Index(term.seen.String()[term.at:], text)
		if i >= 0 {
			term.at += i + len(text)
		}
		return i >= 0
	}, "the terminal shows "+text)
}

const terminalTimeout = 20 * time.Second

// editing is the sequence that sets the cursor shape, which the editor writes when it
// is ready for the next line. Keys that are typed before it may be lost.
const editing = "\x1b[1 q"

// TestTerminal edits lines at a terminal.
func TestTerminal(t *testing.T) {
	file := tempHome(t)
	s := onServer(t)
	admin, ctx := s.Client(t), context.Background()
	term := atTerminal(t, "repl", "--allow", "select,multi,discard")
	term.expect(s.Addr + "> ")
	term.expect(editing)
	term.keys("set greeting hel")
	term.expect("SET key value [NX | XX")
	term.keys("lo\r")
	term.expect("OK\r\n")
	term.expect(editing)
	term.keys("get gree\t")
	term.expect("get greeting")
	term.keys("\r")
	term.expect("hello\r\n")
	term.expect(editing)
	term.keys("incr greeting more\r")
	term.expect("INCR: argument 2: want nothing more")
	term.expect(editing)
	term.keys("\x1b[A\x1b[A\r") // the history
	term.expect("hello\r\n")
	term.expect(editing)
	term.keys("blpop jobs 0\r")
	redistest.Eventually(t, terminalTimeout, func() bool { return strings.Contains(admin.Info(ctx, "clients").Val(), "blocked_clients:1") }, "a command that blocks")
	term.keys("\x03")
	term.expect("interrupted")
	term.expect(editing)
	term.keys("auth s3cret\r")
	term.expect("auth ******")
	term.expect("not allowed")
	term.expect(editing)
	term.keys("get unfinished\x03")
	term.expect("^C")
	term.expect(editing)
	term.keys("\x03")
	term.expect("Ctrl-D, to end the session")
	term.expect(editing)
	term.keys("ping\r")
	term.expect("PONG")
	term.expect(editing)
	term.keys("select 3\r")
	term.expect("OK\r\n" + s.Addr + "[3]> ")
	term.expect(editing)
	term.keys("multi\r")
	term.expect("OK\r\n" + s.Addr + "[3](TX)> ")
	term.expect(editing)
	term.keys("discard\r")
	term.expect("OK\r\n" + s.Addr + "[3]> ")
	term.expect(editing)
	term.keys("\x04")
	select {
	case <-term.ended:
	case <-time.After(terminalTimeout):
		t.Fatal("the session goes on")
	}
	if term.err != nil {
		t.Errorf("the session ended with %v", term.err)
	}
	term.mu.Lock()
	defer term.mu.Unlock()
	if strings.Contains(term.seen.String(), "s3cret") {
		t.Error("the terminal has shown a password")
	}
	want := "set greeting hello\nget greeting\nincr greeting more\nget greeting\nblpop jobs 0\nping\nselect 3\nmulti\ndiscard\n"
	if stored, err := os.ReadFile(file); string(stored) != want || err != nil {
		t.Errorf("the history is %q, %v; want %q", stored, err, want)
	}
}

// typedTexts has texts with every kind of printable character, each shorter than a line.
func typedTexts() (texts []string) {
	texts = []string{
		"éöñßäüÿ¡µ",                     // bytes that the editor could take for Meta keys
		"e\u0301 n\u0303 a\u0308\u0323", // combining marks
		"👩‍👩‍👧 🇩🇪 👍🏽 ☺️ 1️⃣",            // several runes in one character
		"中文 한국어 ＡＢＣ",                    // wide ones
		"עברית العربية हिन्दी ไทย",
	}
	var b strings.Builder
	for r := rune(0xa1); r <= unicode.MaxRune; r++ {
		if r >= 0x250 && r%191 != 0 || !unicode.IsPrint(r) {
			continue
		}
		if b.WriteRune(r); b.Len() > 200 {
			texts = append(texts, b.String())
			b.Reset()
		}
	}
	return append(texts, b.String())
}

// TestTypedIsStored stores typed and pasted text, character by character.
func TestTypedIsStored(t *testing.T) {
	tempHome(t)
	s := onServer(t)
	admin, ctx := s.Client(t), context.Background()
	term := atTerminal(t, "repl")
	term.expect(editing)
	stored := func(how, want string) {
		t.Helper()
		term.expect("OK\r\n")
		term.expect(editing)
		if got := admin.Get(ctx, "typed").Val(); got != want {
			t.Errorf("%s %q was stored as %q", how, want, got)
		}
	}
	for _, text := range typedTexts() {
		term.keys(`set typed "` + text + `"` + "\r")
		stored("typed", text)
	}
	// In the middle of a line, after characters of every width.
	term.keys("set typed \"中e\u0301é\"\x1b[D\x1b[Döü\x05\r")
	stored("in the middle", "中e\u0301öüé")
	term.keys("set typed \x16é\x16ß\r") // Ctrl-V
	stored("quoted", "éß")
	// Longer than one read of the terminal, so that reads end inside characters.
	for _, odd := range []string{"", "a", "ab"} {
		long := odd + strings.Repeat("é中", 350)
		term.keys("set typed \x1b[200~" + long + "\x1b[201~\r")
		stored("pasted", long)
		term.keys("set typed " + long + "\r")
		stored("typed at once", long)
	}
	term.keys("set typed \xe9")
	term.keys("a\r")
	stored("no UTF-8, typed", "a")
}
