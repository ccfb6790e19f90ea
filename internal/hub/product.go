package hub

import "strings"

// Product finds in the text of INFO what server it is of, and its own version. Valkey and
// others name a version of Redis as well, the one that they are like.
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
