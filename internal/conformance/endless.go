package conformance

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/rpc"
)

// knot is a value that can contain itself.
type knot struct {
	Next *knot
	Any  any
}

func (k *knot) Error() string { return "a knot" }

func init() { rpc.RegisterErrorType[*knot]("conformance.knot") }

// knots returns values that contain themselves or are nested too deeply.
func knots() map[string]knot {
	pointer := &knot{}
	pointer.Next = pointer
	list := []any{nil}
	list[0] = map[string]any{"x": list}
	long := &knot{}
	for range 100_000 {
		long = &knot{Next: long}
	}
	return map[string]knot{"pointer": *pointer, "any": {Any: list}, "long": {Next: long}}
}

// endlessValues: in every type a call with a value that contains itself returns an error.
func endlessValues(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	for called, v := range knots() {
		for which, c := range map[string]codec.Codec{"auto": codec.Auto, "json": codec.JSON, "sealed": codec.Compress(codec.Encrypt(codec.Auto, ring(1)), 1)} {
			at := func(of string) string { return name(t, r, called+which+of) }
			with := collections.WithCodec(c)
			m := collections.NewMap[string, knot](r.Client, at("m"), with)
			l := collections.NewList[knot](r.Client, at("l"), with)
			x := collections.NewValue[knot](r.Client, at("v"), with)
			for op, err := range map[string]error{
				"Map.Set":      m.Set(ctx, "k", v),
				"Map.SetMany":  m.SetMany(ctx, map[string]knot{"k": v}),
				"Map.Update":   second(m.Update(ctx, "k", func(knot, bool) (knot, bool, error) { return v, true, nil })),
				"List.Push":    second(l.PushBack(ctx, v)),
				"Value.Set":    x.Set(ctx, v),
				"Chan.Send":    channel.NewChan[knot](r.Client, at("c"), channel.WithCodec(c)).Send(ctx, v),
				"Topic":        second(channel.NewTopic[knot](r.Client, at("t"), channel.WithCodec(c)).Publish(ctx, v)),
				"Mailbox.Send": channel.NewMailbox[knot](r.Client, at("b"), channel.WithCodec(c)).Send(ctx, at("other"), v),
			} {
				if !errors.Is(err, codec.ErrTooLarge) {
					t.Errorf("%s of a %s with %s: %v; want ErrTooLarge", op, called, which, err)
				}
			}
		}
	}
}

// rpcEndless: the same for requests, results, and errors with a type.
func rpcEndless(t *testing.T, r *redistest.Redis) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	service := name(t, r, "knots")
	tie := rpc.NewMethod[string, knot]("Tie")
	untie := rpc.NewMethod[knot, string]("Untie")
	fray := rpc.NewMethod[string, string]("Fray")
	worker(t, r.Client, service, func(s *rpc.Server) {
		tie.Handle(s, func(_ context.Context, which string) (knot, error) { return knots()[which], nil })
		untie.Handle(s, func(context.Context, knot) (string, error) { return "", nil })
		fray.Handle(s, func(_ context.Context, which string) (string, error) {
			k := knots()[which]
			return "", fmt.Errorf("frayed: %w", &k)
		})
	})
	c := rpc.NewClient(r.Client, service)
	for which, v := range knots() {
		for op, err := range map[string]error{
			"Call":   second(untie.Call(ctx, c, v)),
			"Cast":   untie.Cast(ctx, c, v),
			"Invoke": second(c.Invoke(ctx, "Untie", v)),
		} {
			if !errors.Is(err, codec.ErrTooLarge) {
				t.Errorf("%s with a %s: %v; want ErrTooLarge", op, which, err)
			}
		}
		if _, err := tie.Call(ctx, c, which, patient); rpc.CodeOf(err) != rpc.Internal {
			t.Errorf("a result with a %s: %v; want Internal", which, err)
		}
		if _, err := fray.Call(ctx, c, which, patient); err == nil || rpc.CodeOf(err) == rpc.OK {
			t.Errorf("an error with a %s: %v; want an *rpc.Error", which, err)
		} else if bad := new(rpc.Error); !errors.As(err, &bad) || bad.Worker == "" {
			t.Errorf("an error with a %s: %v; want an *rpc.Error", which, err)
		}
	}
	if s, err := untie.Call(ctx, c, knot{Next: &knot{Any: int8(1)}}, patient); err != nil {
		t.Errorf("Call afterwards = %q, %v", s, err)
	}
}
