package desir_test

import (
	"go/scanner"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

const (
	commentColumns = 100 // of a comment in Go, with its indentation
	headerColumns  = 120 // of a comment in Lua, whose contracts stand in columns
	proseColumns   = 160 // of a line of Markdown that is no table
)

// unplain matches words without an ordinary technical use.
var unplain = regexp.MustCompile(`(?i)\b(anew|whoever|whomever|for ever|under way|rehouse\w*|by chance|thereupon|hitherto)\b`)

// TestLanguage looks for words that are not plain English, and for lines that are too long, in
// comments, texts and documents.
func TestLanguage(t *testing.T) {
	t.Parallel()
	eachFile(t, "", func(path string, text []byte) {
		var complaints []string
		switch filepath.Ext(path) {
		case ".go":
			complaints = goLanguage(path, text)
		case ".lua":
			complaints = luaLanguage(text)
		case ".md":
			complaints = proseLanguage(text)
		}
		for _, c := range complaints {
			t.Errorf("%s: %s", path, c)
		}
	})
}

// eachFile calls f for every file of the repository whose name ends so, but for those in
// testdata.
func eachFile(t *testing.T, ending string, f func(path string, text []byte)) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || d.Name() == ".git"):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ending):
			return nil
		}
		text, err := os.ReadFile(path)
		if err == nil {
			f(path, text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// goLanguage reads comments, and the strings of files that are not tests. The outputs of examples
// may be long.
func goLanguage(path string, text []byte) (complaints []string) {
	var s scanner.Scanner
	files := token.NewFileSet()
	file := files.AddFile(path, -1, len(text))
	s.Init(file, text, nil, scanner.ScanComments)
	lines := strings.Split(string(text), "\n")
	for {
		pos, kind, word := s.Scan()
		switch {
		case kind == token.EOF:
			return complaints
		case kind == token.COMMENT:
			line := lines[file.Line(pos)-1]
			if strings.HasPrefix(strings.TrimSpace(line), "//") && !strings.Contains(line, "://") && !strings.Contains(line, "//go:") &&
				!strings.HasSuffix(path, "example_test.go") {
				complaints = append(complaints, columns(strings.ReplaceAll(line, "\t", "    "), commentColumns)...)
			}
			complaints = append(complaints, words(word)...)
		case kind == token.STRING && !strings.HasSuffix(path, "_test.go"):
			complaints = append(complaints, words(word)...)
		}
	}
}

func luaLanguage(text []byte) (complaints []string) {
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "--") {
			complaints = append(append(complaints, columns(line, headerColumns)...), words(line)...)
		}
	}
	return complaints
}

// proseLanguage reads Markdown. Blocks of code are exempt, and tables may be wide.
func proseLanguage(text []byte) (complaints []string) {
	code := false
	for line := range strings.Lines(string(text)) {
		trimmed := strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(trimmed, "```"):
			code = !code
		case code:
		case strings.HasPrefix(trimmed, "|"):
			complaints = append(complaints, words(line)...)
		default:
			complaints = append(append(complaints, columns(line, proseColumns)...), words(line)...)
		}
	}
	return complaints
}

func columns(line string, most int) []string {
	line = strings.TrimRight(line, "\r\n")
	if utf8.RuneCountInString(line) <= most {
		return nil
	}
	return []string{"too long: " + line}
}

func words(text string) (complaints []string) {
	for _, word := range unplain.FindAllString(text, -1) {
		complaints = append(complaints, "not plain: "+word)
	}
	return complaints
}

// TestUnplain shows that the test above finds words and long lines.
func TestUnplain(t *testing.T) {
	long := strings.Repeat("x", 90)
	source := "package p\n\n// It begins Anew, " + long + "\nvar a = \"whoever\" // for ever\n\n//go:generate " + long + " anew\n"
	if got := goLanguage("a.go", []byte(source)); len(got) != 5 {
		t.Errorf("Go: %q", got)
	}
	if got := goLanguage("a_test.go", []byte("package p\n\nvar a = \"anew\"\n")); len(got) != 0 {
		t.Errorf("a test's text: %q", got)
	}
	if got := luaLanguage([]byte("-- under way\nreturn 'anew'\n-- " + long + long)); len(got) != 2 {
		t.Errorf("Lua: %q", got)
	}
	prose := "by chance\n```\nanew\n```\n| " + long + long + " anew |\n" + long + long + "\n"
	if got := proseLanguage([]byte(prose)); len(got) != 3 {
		t.Errorf("Markdown: %q", got)
	}
}
