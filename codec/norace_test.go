//go:build !race

package codec

// bombSize is how many elements the longer bombs have.
const bombSize = 1 << 16
