//go:build !race

package finality

const detector = 1
