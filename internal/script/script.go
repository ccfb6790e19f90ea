// Package script runs Lua scripts on the server. It sends the digest of a script, and the
// full text only if the server does not know the digest.
package script

import (
	"context"
	"crypto/sha1"
	"embed"
	"encoding/hex"
	"errors"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/send"
)

// Script is one Lua file. The comments at its beginning are its contract. They may have a line
//
//	-- flags: allow-oom
//
// with flags of https://redis.io/docs/latest/develop/programmability/lua-api/#script_flags, and
// a line "-- reply:" with the form of the reply (see [shape]). [Script.Run] refuses other
// replies. The file has no line "#!lua flags=…", since some servers do not understand it.
// [Script.Run] adds the line for servers that do.
type Script struct {
	plain, marked form
	reads         bool // it writes nothing and may be retried
	reply         shape
	want          string // the form of the reply, for errors
}

// form is one text of a script.
type form struct {
	source, digest string
	bySource       [2]any // the first arguments of its command
	byDigest       [2]any
}

// Functions is the source of Lua functions that scripts may call.
type Functions string

// LoadFunctions returns the functions in the file scripts/name.lua.
func LoadFunctions(files embed.FS, name string) Functions { return Functions(read(files, name)) }

// New returns the script in the file scripts/name.lua, which may call the given functions.
func New(files embed.FS, name string, functions ...Functions) *Script {
	return FromSource(read(files, name), functions...)
}

// read returns a file of a package that has "//go:embed scripts/*.lua".
func read(files embed.FS, name string) string {
	source, err := files.ReadFile("scripts/" + name + ".lua")
	if err != nil {
		panic("script: " + err.Error()) // when a test starts; TestScripts checks all names
	}
	return string(source)
}

// Below stands in a list of functions before those that a script needs only below its line
// "-- functions". What is above the line does not wait until Lua has made them, which takes
// some microseconds.
const Below Functions = "-- functions\n"

// FromSource returns the script with the given source, which may call the given functions.
func FromSource(source string, functions ...Functions) *Script {
	flags, reply, want := headerField(source, "-- flags:"), replyShape(source), headerField(source, "-- reply:")
	first, later, above, below := functions, []Functions(nil), "", source
	if i := slices.Index(functions, Below); i >= 0 {
		first, later = functions[:i], functions[i+1:]
		above, below, _ = strings.Cut(source, string(Below))
	}
	text := concat(first) + above + concat(later) + below
	mark := "#!lua"
	if flags != "" {
		mark += " flags=" + flags
	}
	return &Script{
		plain:  newForm(text),
		marked: newForm(mark + "\n" + text),
		reads:  strings.Contains(flags, "no-writes"),
		reply:  reply,
		want:   want,
	}
}

func concat(functions []Functions) (text string) {
	for _, f := range functions {
		text += string(f)
	}
	return text
}

func newForm(source string) form {
	sum := sha1.Sum([]byte(source))
	digest := hex.EncodeToString(sum[:])
	return form{source, digest, [2]any{"eval", source}, [2]any{"evalsha", digest}}
}

// headerField returns the rest of the header line that starts with beginning.
func headerField(source, beginning string) string {
	for line := range strings.Lines(source) {
		if !strings.HasPrefix(line, "--") {
			return ""
		}
		if rest, ok := strings.CutPrefix(line, beginning); ok {
			return strings.TrimSpace(rest)
		}
	}
	return ""
}

// Run runs the script and returns its reply. A script that writes is sent once; a script that
// only reads may be retried. A reply of another form than the header's is [send.ErrBadReply].
// If the server does not know the digest, or does not understand this form of the script,
// nothing was executed, and Run sends the script again in another form.
func (s *Script) Run(ctx context.Context, h *clients.Shared, keys []string, args ...any) (any, error) {
	f := s.form(h)
	reply, err := s.eval(ctx, h, f.call(h), keys, args)
	if err != nil { // these tests of an error allocate
		if redis.HasErrorPrefix(err, "NOSCRIPT") {
			reply, err = s.eval(ctx, h, f.bySource, keys, args)
		}
		if f == &s.marked && unreadable(err) {
			h.PlainLua.Store(true)
			return s.Run(ctx, h, keys, args...)
		}
		if send.IsNil(err) {
			reply, err = nil, nil
		}
	}
	if err == nil && s.want != "" && !s.reply.matches(reply) {
		return nil, s.badReply(reply)
	}
	return reply, err
}

// RunOn runs the script on the key of an object, as Run does.
func (s *Script) RunOn(ctx context.Context, h *clients.Handle, args ...any) (any, error) {
	shared, err := h.Shared()
	if err != nil {
		return nil, err
	}
	return s.Run(ctx, shared, []string{h.Key}, args...)
}

// Command returns the script as a command for a pipeline, by its digest. If the error of the
// command is [Unknown], nothing was executed. Use [Script.Run] then.
func (s *Script) Command(ctx context.Context, h *clients.Shared, keys []string, args ...any) *redis.Cmd {
	return command(ctx, s.form(h).call(h), keys, args)
}

// call returns the name of the command that runs the script, and its first argument: the
// digest, or the source if the client counts NOSCRIPT as a failure.
func (f *form) call(h *clients.Shared) [2]any {
	if h.Limited {
		return f.bySource
	}
	return f.byDigest
}

// Full is Command with the source of the script, for servers that do not know the digest.
func (s *Script) Full(ctx context.Context, h *clients.Shared, keys []string, args ...any) *redis.Cmd {
	return command(ctx, s.form(h).bySource, keys, args)
}

// Digest returns the digest that Command sends.
func (s *Script) Digest(h *clients.Shared) string { return s.form(h).digest }

// Source returns the source of the script, for servers that do not know the digest.
func (s *Script) Source(h *clients.Shared) string { return s.form(h).source }

// Unknown reports whether err means that the server cannot run the digest.
func Unknown(err error) bool { return redis.HasErrorPrefix(err, "NOSCRIPT") || unreadable(err) }

// form returns the form of the script that the client's server understands.
func (s *Script) form(h *clients.Shared) *form {
	if h.PlainLua.Load() {
		return &s.plain
	}
	return &s.marked
}

func command(ctx context.Context, call [2]any, keys []string, args []any) *redis.Cmd {
	all := make([]any, 0, 3+len(keys)+len(args))
	all = append(all, call[0], call[1], len(keys))
	for _, k := range keys {
		all = append(all, k)
	}
	cmd := redis.NewCmd(ctx, append(all, args...)...)
	cmd.SetFirstKeyPos(3)
	return cmd
}

func (s *Script) eval(ctx context.Context, h *clients.Shared, call [2]any, keys []string, args []any) (any, error) {
	cmd := command(ctx, call, keys, args)
	sendIt := h.Sender.Write
	if s.reads {
		sendIt = h.Sender.Read
	}
	if err := sendIt(ctx, cmd); err != nil {
		return nil, err
	}
	return cmd.Val(), nil
}

// unreadable reports whether the server does not understand the "#!lua" line. It takes the
// line for a part of the program.
func unreadable(err error) bool {
	var reply redis.Error
	return errors.As(err, &reply) && strings.Contains(reply.Error(), "compiling script")
}
