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

// cyclic is a value that can contain itself.
type cyclic struct {
	Next *cyclic
	Any  any
}

func (k *cyclic) Error() string { return "a cyclic value" }

func init() { rpc.RegisterErrorType[*cyclic]("conformance.cyclic") }

// cyclicValues returns values that contain themselves or are nested too deeply.
func cyclicValues() map[string]cyclic {
	pointer := &cyclic{}
	pointer.Next = pointer
	list := []any{nil}
	list[0] = map[string]any{"x": list}
	long := &cyclic{}
	for range 100_000 {
		long = &cyclic{Next: long}
	}
	return map[string]cyclic{"pointer": *pointer, "any": {Any: list}, "long": {Next: long}}
}

// refusesCyclic: in every type a call with a value that contains itself returns an error.
func refusesCyclic(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	for called, v := range cyclicValues() {
		for which, c := range map[string]codec.Codec{"auto": codec.Auto, "json": codec.JSON, "sealed": codec.Compress(codec.Encrypt(codec.Auto, ring(1)), 1)} {
			at := func(of string) string { return name(t, r, called+which+of) }
			with := collections.WithCodec(c)
			m := collections.NewMap[string, cyclic](r.Client, at("m"), with)
			l := collections.NewList[cyclic](r.Client, at("l"), with)
			x := collections.NewValue[cyclic](r.Client, at("v"), with)
			for op, err := range map[string]error{
				"Map.Set":      m.Set(ctx, "k", v),
				"Map.SetMany":  m.SetMany(ctx, map[string]cyclic{"k": v}),
				"Map.Update":   second(m.Update(ctx, "k", func(cyclic, bool) (cyclic, bool, error) { return v, true, nil })),
				"List.Push":    second(l.PushBack(ctx, v)),
				"Value.Set":    x.Set(ctx, v),
				"Chan.Send":    channel.NewChan[cyclic](r.Client, at("c"), channel.WithCodec(c)).Send(ctx, v),
				"Topic":        second(channel.NewTopic[cyclic](r.Client, at("t"), channel.WithCodec(c)).Publish(ctx, v)),
				"Mailbox.Send": channel.NewMailbox[cyclic](r.Client, at("b"), channel.WithCodec(c)).Send(ctx, at("other"), v),
			} {
				if !errors.Is(err, codec.ErrTooLarge) {
					t.Errorf("%s of a %s with %s: %v; want ErrTooLarge", op, called, which, err)
				}
			}
		}
	}
}

// rpcCyclic: the same for requests, results, and errors with a type.
func rpcCyclic(t *testing.T, r *redistest.Redis) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	service := name(t, r, "cyclic")
	returnCyclic := rpc.NewMethod[string, cyclic]("ReturnCyclic")
	acceptCyclic := rpc.NewMethod[cyclic, string]("AcceptCyclic")
	failCyclic := rpc.NewMethod[string, string]("FailCyclic")
	worker(t, r.Client, service, func(s *rpc.Server) {
		returnCyclic.Handle(s, func(_ context.Context, which string) (cyclic, error) { return cyclicValues()[which], nil })
		acceptCyclic.Handle(s, func(context.Context, cyclic) (string, error) { return "", nil })
		failCyclic.Handle(s, func(_ context.Context, which string) (string, error) {
			k := cyclicValues()[which]
			return "", fmt.Errorf("failed: %w", &k)
		})
	})
	c := rpc.NewClient(r.Client, service)
	for which, v := range cyclicValues() {
		for op, err := range map[string]error{
			"Call":   second(acceptCyclic.Call(ctx, c, v)),
			"Cast":   acceptCyclic.Cast(ctx, c, v),
			"Invoke": second(c.Invoke(ctx, "AcceptCyclic", v)),
		} {
			if !errors.Is(err, codec.ErrTooLarge) {
				t.Errorf("%s with a %s: %v; want ErrTooLarge", op, which, err)
			}
		}
		if _, err := returnCyclic.Call(ctx, c, which, waitForWorker); rpc.CodeOf(err) != rpc.Internal {
			t.Errorf("a result with a %s: %v; want Internal", which, err)
		}
		if _, err := failCyclic.Call(ctx, c, which, waitForWorker); err == nil || rpc.CodeOf(err) == rpc.OK {
			t.Errorf("an error with a %s: %v; want an *rpc.Error", which, err)
		} else if bad := new(rpc.Error); !errors.As(err, &bad) || bad.Worker == "" {
			t.Errorf("an error with a %s: %v; want an *rpc.Error", which, err)
		}
	}
	if s, err := acceptCyclic.Call(ctx, c, cyclic{Next: &cyclic{Any: int8(1)}}, waitForWorker); err != nil {
		t.Errorf("Call afterwards = %q, %v", s, err)
	}
}
