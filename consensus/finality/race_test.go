//go:build race

package finality

// slowdown is by how much fewer schedules are tried, since the race detector makes signatures slow.
const slowdown = 8
