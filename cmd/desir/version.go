package main

import (
	"fmt"
	"runtime/debug"
)

type versionCmd struct{}

// Run is "desir version".
func (versionCmd) Run(s streams) error {
	_, err := fmt.Fprintln(s.out, versions())
	return err
}

// versions returns the versions of the tool, of Go and of go-redis.
func versions() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "desir, unknown version"
	}
	text := fmt.Sprintf("desir %s, %s", info.Main.Version, info.GoVersion)
	for _, dep := range info.Deps {
		if dep.Path == "github.com/redis/go-redis/v9" {
			text += ", go-redis " + dep.Version
		}
	}
	return text
}
