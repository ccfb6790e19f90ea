package main

import (
	"fmt"
	"runtime/debug"
)

type versionCmd struct{}

// Run prints the versions of the tool, of Go and of the Redis client in it.
func (versionCmd) Run(s streams) error {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return fmt.Errorf("the binary does not know its version")
	}
	fmt.Fprintf(s.out, "desir %s, %s", info.Main.Version, info.GoVersion)
	for _, dep := range info.Deps {
		if dep.Path == "github.com/redis/go-redis/v9" {
			fmt.Fprintf(s.out, ", go-redis %s", dep.Version)
		}
	}
	fmt.Fprintln(s.out)
	return nil
}
