//go:build race

package finality

// detector is by how much fewer schedules are tried, since the race detector makes signatures slow.
const detector = 8
