//go:build !race

package codec

// bombSize is the number of elements of the longer bombs.
const bombSize = 1 << 16
