//go:build !race

package collections_test

const raceEnabled = false
