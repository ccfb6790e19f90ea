package main

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
)

// checkCmd reports server settings that weaken the guarantees.
type checkCmd struct {
	JSON bool `help:"Print one JSON object per server."`
}

// Run is "desir check".
func (c *checkCmd) Run(ctx context.Context, s streams, flags *cli) error {
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		report, err := desir.Check(ctx, rdb)
		if err != nil {
			return err
		}
		if !c.JSON {
			text := harmless(report.String())
			if len(report.Warnings()) == 0 {
				text += "no setting weakens the guarantees\n"
			}
			_, err := fmt.Fprint(s.out, text)
			return err
		}
		for _, n := range report.Nodes {
			warnings := []any{}
			for _, w := range n.Warnings {
				warnings = append(warnings, w)
			}
			doc := mapping{
				{"addr", n.Addr},
				{"product", n.Product},
				{"version", n.Version},
				{"role", n.Role},
				{"aof", n.AOF},
				{"eviction", n.Eviction},
				{"clock_offset_ms", n.ClockOffset.Milliseconds()},
				{"warnings", warnings},
			}
			if _, err := fmt.Fprintln(s.out, string(appendJSON(nil, doc))); err != nil {
				return err
			}
		}
		return nil
	})
}
