// Package script runs Lua on the server: one file per script, sent by its
// digest and in full only where the server does not know it.
package script

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/hub"
	"github.com/desir-go/desir/internal/send"
)

// Script is one Lua file. Its header is comments: the contract, and a line
//
//	-- flags: allow-oom
//
// with the flags of https://redis.io/docs/latest/develop/programmability/lua-api/#script_flags,
// or none, and a line "-- reply:" with what it returns (see [shape]): [Script.Run] refuses
// any other reply, or none where the line is missing. Flags are not written as "#!lua flags=…"
// in the file since not every server can read that line; [Script.Run] puts it in front where
// it can.
type Script struct {
	plain, marked form
	reads         bool // changes nothing: may be sent again
	reply         shape
	want          string // the reply, in words
}

// form is one text of a script.
type form struct{ source, digest string }

// New makes a script of the text of its file, behind the functions it uses.
func New(source string, functions ...string) *Script {
	flags, reply, want := headed(source, "-- flags:"), shapeOf(source), headed(source, "-- reply:")
	source = strings.Join(append(functions, source), "")
	first := "#!lua"
	if flags != "" {
		first += " flags=" + flags
	}
	return &Script{
		plain:  newForm(source),
		marked: newForm(first + "\n" + source),
		reads:  strings.Contains(flags, "no-writes"),
		reply:  reply,
		want:   want,
	}
}

func newForm(source string) form {
	sum := sha1.Sum([]byte(source))
	return form{source: source, digest: hex.EncodeToString(sum[:])}
}

// headed finds a line of the header by its beginning, and returns what follows.
func headed(source, beginning string) string {
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

// Run executes the script once, or as often as a read may be sent if it
// changes nothing, and returns its answer, which has the shape of the header: any other is
// [send.ErrReply]. A script that the server does not
// know, or cannot read in this form, was not executed and is sent again.
func (s *Script) Run(ctx context.Context, h *hub.Hub, keys []string, args ...any) (any, error) {
	f := s.form(h)
	how, what := f.call(h)
	answer, err := s.eval(ctx, h, how, what, keys, args)
	if redis.HasErrorPrefix(err, "NOSCRIPT") {
		answer, err = s.eval(ctx, h, "eval", f.source, keys, args)
	}
	if f == s.marked && unreadable(err) {
		h.PlainLua.Store(true)
		return s.Run(ctx, h, keys, args...)
	}
	if send.IsNil(err) {
		answer, err = nil, nil
	}
	if err == nil && s.want != "" && !s.reply.fits(answer) {
		return nil, s.misfit(answer)
	}
	return answer, err
}

// Command returns the script as a command of a pipeline, by its digest. Its
// answer may be NOSCRIPT, or that the server cannot read this form: nothing was
// executed then, and [Script.Run] finds the way.
func (s *Script) Command(ctx context.Context, h *hub.Hub, keys []string, args ...any) *redis.Cmd {
	how, what := s.form(h).call(h)
	return command(ctx, how, what, keys, args)
}

// call returns the command that runs the script, and what names it: its digest, or its
// source where a NOSCRIPT would count as a failure.
func (f form) call(h *hub.Hub) (how, what string) {
	if h.Limited {
		return "eval", f.source
	}
	return "evalsha", f.digest
}

// Full is Command with the text of the script, for a server that does not know the digest.
func (s *Script) Full(ctx context.Context, h *hub.Hub, keys []string, args ...any) *redis.Cmd {
	return command(ctx, "eval", s.form(h).source, keys, args)
}

// Digest is by which the server knows the script, if it does; as for Command.
func (s *Script) Digest(h *hub.Hub) string { return s.form(h).digest }

// Source is the text of the script, for a server that does not know the digest.
func (s *Script) Source(h *hub.Hub) string { return s.form(h).source }

// Unknown reports whether err is a server's word that it cannot run the digest.
func Unknown(err error) bool { return redis.HasErrorPrefix(err, "NOSCRIPT") || unreadable(err) }

// form returns the text of the script that this client's server can read.
func (s *Script) form(h *hub.Hub) form {
	if h.PlainLua.Load() {
		return s.plain
	}
	return s.marked
}

func command(ctx context.Context, how, what string, keys []string, args []any) *redis.Cmd {
	words := make([]any, 0, 3+len(keys)+len(args))
	words = append(words, how, what, len(keys))
	for _, k := range keys {
		words = append(words, k)
	}
	cmd := redis.NewCmd(ctx, append(words, args...)...)
	cmd.SetFirstKeyPos(3)
	return cmd
}

func (s *Script) eval(ctx context.Context, h *hub.Hub, how, what string, keys []string, args []any) (any, error) {
	cmd := command(ctx, how, what, keys, args)
	sendIt := h.Send.Write
	if s.reads {
		sendIt = h.Send.Read
	}
	if err := sendIt(ctx, cmd); err != nil {
		return nil, err
	}
	return cmd.Val(), nil
}

// unreadable reports whether the server could not parse the "#!lua" line: it
// takes it for a part of the program.
func unreadable(err error) bool {
	var answer redis.Error
	return errors.As(err, &answer) && strings.Contains(answer.Error(), "compiling script")
}
