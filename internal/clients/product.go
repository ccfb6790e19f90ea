package clients

import "strings"

// Product returns the name and version of a server from its INFO reply. Valkey and others also
// report the version of Redis that they are compatible with.
func Product(info string) (name, version string) {
	for line := range strings.Lines(info) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		switch key {
		case "valkey_version":
			return "Valkey", value
		case "dragonfly_version":
			return "Dragonfly", strings.TrimPrefix(value, "df-v")
		case "redis_version":
			name, version = "Redis", value
		}
	}
	return name, version
}
