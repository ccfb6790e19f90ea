//go:build race

package codec

// bombSize is small under the race detector, which finds no more races in longer bytes.
const bombSize = 1 << 12
