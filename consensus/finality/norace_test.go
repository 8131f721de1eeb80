//go:build !race

package finality

const slowdown = 1
