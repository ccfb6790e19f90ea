//go:build race

package codec

// bombSize is small under the race detector, which finds nothing in long bytes.
const bombSize = 1 << 12
