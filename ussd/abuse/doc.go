// Package abuse bounds what one phone number and one aggregator may ask for.
//
// A Guard counts, for each aggregator and for each number at it, turns and begun sessions, and for each aggregator the numbers it
// has not told of lately: one that makes numbers up brings many. Every count is a bucket that holds a burst and refills
// evenly. Allow and AllowSession take from all buckets concerned or from none. A number is counted at each aggregator
// apart, so that one that forges numbers locks nobody out at another. Slow cuts an aggregator's rates for a while, after an
// alarm of wrong PINs.
//
// The package is pure: it reads no clock and starts nothing. It promises that its memory is bounded whatever comes in, and
// that a number whose buckets are full again costs none. It refuses when it cannot count: an aggregator beyond its bound, and a new
// number of an aggregator that told of too many. Nothing survives a restart; the count of wrong PINs does, elsewhere.
package abuse
