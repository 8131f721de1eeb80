/*
 * Finality among four validators, of which LIARS lie. README.md says what is modelled, and what is not; ./check runs it.
 *
 * Whatever an honest validator signed is heard by whom it pleases, whenever: a step may use any word that exists, and need
 * not. So there are no channels, and a message that is lost, late or repeated needs no step. A liar has said everything from
 * the start: it has no state, and is that part of every quorum that needs no honest word.
 */

#ifndef EPOCHS
#define EPOCHS 2
#endif
#ifndef LIARS
#define LIARS 1
#endif
#ifndef FORK
#define FORK 1 /* the size at which the two histories part */
#endif

#define VALIDATORS 4
#define QUORUM 3
#define HONEST (VALIDATORS - LIARS)
#define FEW (QUORUM - LIARS) /* honest words that the liars complete to a quorum */

/*
 * A vote is a size, 1 or 2, and a root, A or B. Its number is its bit in a set of votes. When the histories part at size 2
 * they have one root at size 1, and B1 does not exist.
 */
#define A1 0
#define B1 1
#define A2 2
#define B2 3
#define SIZE(v) ((v) / 2 + 1)
#define BIT(v) (1 << (v))
#define HAS(set, v) ((set) >> (v) & 1)
#define LOWER(v) (BIT((v) & 2) - 1) /* the votes of lower sizes */
#if FORK == 1
#define EXISTS(v) true
#define EXTENDS(v) ((5 << ((v) & 1)) & (LOWER(v) | BIT(v))) /* the votes that it extends, and itself */
#define CONFLICTS(v) (10 >> ((v) & 1))                      /* the votes that no history has beside it */
#else
#define EXISTS(v) ((v) != B1)
#define EXTENDS(v) (1 | BIT(v))
#define CONFLICTS(v) ((v) < A2 -> 0 : 12 & ~BIT(v))
#endif
#define conflict(set, other) \
	(HAS(set, A1) && (other) & CONFLICTS(A1) || HAS(set, B1) && (other) & CONFLICTS(B1) || \
	 HAS(set, A2) && (other) & CONFLICTS(A2) || HAS(set, B2) && (other) & CONFLICTS(B2))
#define twoRoots(set) (((set) & 3) == 3 || ((set) & 12) == 12)

/* A certificate is known by its epoch and vote. Where there is none, an epoch starts from the genesis. */
#define NONE 0
#define CERTIFICATE(e, v) (1 + 4 * (e) + (v))
#define EPOCH(c) (((c) - 1) / 4)
#define VOTE(c) (((c) - 1) & 3)
#ifdef BUG_HIGHEST_BY_SIZE
#define HEIGHT(c) ((c) == NONE -> 0 : SIZE(VOTE(c)))
#else
#define HEIGHT(c) (((c) + 1) / 2) /* by epoch, then by size */
#endif

/* An honest validator, all of which it persists before it sends. */
typedef Validator {
	byte epoch;            /* in which it attests and ratifies */
	byte start;            /* the certificate that its epoch starts from */
	byte wished;           /* the highest epoch that it sent EPOCH for */
	byte word[EPOCHS];     /* the certificate in its EPOCH word plus one, 0 before it sent one */
	byte attested[EPOCHS]; /* the set of votes that it attested in an epoch */
	byte ratified[EPOCHS]; /* the set of votes that it ratified in an epoch */
	byte final;            /* the set of votes that are final for it */
	byte cosigned;         /* the set of votes that it cosigned */
}
Validator h[HONEST];
#define me h[i]

/* With LAYERS, what later epochs can still use of those gone by. */
byte layer = 2;
byte oldCertificates[EPOCHS];
byte oldFinals[EPOCHS];

/* The starts of epoch 1, each in another log. */
byte started;

/* Somebody has attested one of the two histories. */
bool parted;

#if LIARS == 1
#define COUNT(field, test) ((h[0].field test) + (h[1].field test) + (h[2].field test))
#else
#define COUNT(field, test) ((h[0].field test) + (h[1].field test))
#endif
#define agreed(field, v, few) (COUNT(field, >> (v) & 1) >= (few))

#ifdef BUG_SMALL_CERTIFICATE
#define FEW_ATTESTATIONS (FEW - 1)
#else
#define FEW_ATTESTATIONS FEW
#endif
#define certified(e, v) (HAS(oldCertificates[e], v) || agreed(attested[e], v, FEW_ATTESTATIONS))
#ifdef BUG_SMALL_FINAL
#define FEW_RATIFICATIONS (FEW - 1)
#else
#define FEW_RATIFICATIONS FEW
#endif
#define all(e, few, field) (agreed(field, A1, few) << A1 | agreed(field, B1, few) << B1 | agreed(field, A2, few) << A2 | agreed(field, B2, few) << B2)
#define finalsOf(e) (oldFinals[e] | all(e, FEW_RATIFICATIONS, ratified[e]))
#if EPOCHS == 3
#define finals (finalsOf(0) | finalsOf(1) | finalsOf(2))
#define finalsBefore(e) ((e) == 0 -> 0 : ((e) == 1 -> finalsOf(0) : finalsOf(0) | finalsOf(1)))
#else
#define finals (finalsOf(0) | finalsOf(1))
#define finalsBefore(e) ((e) == 0 -> 0 : finalsOf(0))
#endif
#ifdef BUG_SMALL_CHANGE
#define FEW_WORDS (FEW - 1)
#else
#define FEW_WORDS FEW
#endif
#ifdef BUG_MIXED_WORDS
#define said(k, to) (h[k].word[to] > 0 -> h[k].word[to] : h[k].word[to - 1])
#else
#define said(k, to) h[k].word[to]
#endif

#define WISH 0
#define OPEN 1
#define ATTEST 2
#define RATIFY 3
#define LAYER(e, step) (4 * (e) + (step))
#ifdef LAYERS
#define in(e, step) (layer == LAYER(e, step))
#else
#define in(e, step) true
#endif

/* attest */

#ifdef BUG_ATTEST_TWICE
#define attestsOnce(v) (!HAS(me.attested[me.epoch], v))
#define attestsExtension(v) true
#else
#define attestsOnce(v) (me.attested[me.epoch] <= LOWER(v))
#ifdef BUG_ATTEST_ASIDE
#define attestsExtension(v) true
#else
#define attestsExtension(v) (!(me.attested[me.epoch] & CONFLICTS(v)))
#endif
#endif
#if defined(BUG_IGNORE_START)
#define attestsStart(v) true
#elif defined(BUG_ATTEST_BELOW_START)
#define attestsStart(v) (me.start == NONE || !HAS(CONFLICTS(v), VOTE(me.start)))
#else
#define attestsStart(v) (me.start == NONE || HAS(EXTENDS(v), VOTE(me.start)))
#endif
#ifdef BUG_ATTEST_AFTER_WISH
#define mayAttest true
#else
#define mayAttest (me.wished <= me.epoch)
#endif

/* The histories are alike but for their names: the one that is attested first is A. */
#define named(v) (SIZE(v) < FORK || parted || (v) == A1 || (v) == A2)

inline attest(v) {
	EXISTS(v) && named(v) && in(me.epoch, ATTEST) && mayAttest && attestsOnce(v) && attestsExtension(v) && attestsStart(v) ->
	parted = parted || SIZE(v) >= FORK;
	me.attested[me.epoch] = me.attested[me.epoch] | BIT(v);
	printf("%d: attest epoch %d size %d root %c\n", i, me.epoch, SIZE(v), 'A' + (v) % 2)
}

/* ratify */

#ifdef BUG_RATIFY_UNCERTIFIED
#define certificateOf(v) HAS(me.attested[me.epoch], v)
#else
#define certificateOf(v) certified(me.epoch, v)
#endif
#ifdef BUG_RATIFY_AFTER_WISH
#define mayRatify true
#else
#define mayRatify (me.wished <= me.epoch)
#endif
#ifdef BUG_RATIFY_TWICE
#define ratifiesOnce(v) (!HAS(me.ratified[me.epoch], v))
#else
#define ratifiesOnce(v) (me.ratified[me.epoch] <= LOWER(v))
#endif

inline ratify(v) {
	certificateOf(v) && in(me.epoch, RATIFY) && mayRatify && ratifiesOnce(v) ->
	me.ratified[me.epoch] = me.ratified[me.epoch] | BIT(v);
	printf("%d: ratify epoch %d size %d root %c\n", i, me.epoch, SIZE(v), 'A' + (v) % 2)
}

/* finish, and cosign as its last part */

#ifdef BUG_COSIGN_CERTIFIED
#define finished(v) (certified(0, v) || HAS(finals, v))
#else
#define finished(v) HAS(finals, v)
#endif

inline cosign(v) {
	me.cosigned = me.cosigned | BIT(v)
}

#ifdef BUG_FINISH_ASIDE
#define agrees(v) true
#else
#define agrees(v) (!(me.final & CONFLICTS(v)))
#endif

inline finish(v) {
	in(EPOCHS, 0) && finished(v) && me.final <= LOWER(v) && agrees(v) ->
	me.final = me.final | BIT(v);
	printf("%d: finish size %d root %c\n", i, SIZE(v), 'A' + (v) % 2);
	cosign(v)
}

/* wish */

inline highestRatified(below) {
	highest = NONE; k = 0;
	do
	:: k < below ->
		if
		:: me.ratified[k] >= BIT(A2) -> c = (HAS(me.ratified[k], A2) -> CERTIFICATE(k, A2) : CERTIFICATE(k, B2))
		:: me.ratified[k] == BIT(A1) || me.ratified[k] == BIT(B1) -> c = CERTIFICATE(k, me.ratified[k] - 1)
		:: else -> c = NONE
		fi;
		if :: HEIGHT(c) > HEIGHT(highest) -> highest = c :: else fi;
		k++
	:: else -> break
	od;
	k = 0; c = 0
}

/* any certificate that is higher than the highest, or none */
inline orHigher(below) {
	k = NONE;
	do
	:: k < CERTIFICATE(below, A1) - 1 ->
		k++;
		if
#ifdef BUG_UNVERIFIED_CERTIFICATE
		:: HEIGHT(k) > HEIGHT(highest) -> highest = k; break
#else
		:: certified(EPOCH(k), VOTE(k)) && HEIGHT(k) > HEIGHT(highest) -> highest = k; break
#endif
		:: true
		fi
	:: else -> break
	od;
	k = 0
}

inline wish(to) {
	in(to, WISH) && me.epoch < to && me.wished < to ->
#ifndef BUG_WISH_WITHOUT_CERTIFICATE
	highestRatified(to);
	orHigher(to);
#endif
	me.word[to] = 1 + highest;
	me.wished = to;
	if
	:: highest == NONE -> printf("%d: wish epoch %d, no certificate\n", i, to)
	:: else -> printf("%d: wish epoch %d, certificate of epoch %d size %d root %c\n", i, to, EPOCH(highest), SIZE(VOTE(highest)), 'A' + VOTE(highest) % 2)
	fi;
	highest = 0
}

/* open */

#ifdef BUG_LOWEST_START
#define better(c, than) (words == 1 || HEIGHT(c) < HEIGHT(than))
#else
#define better(c, than) (HEIGHT(c) > HEIGHT(than))
#endif

#ifdef BUG_START_AGAIN
#define given(c) true
#else
#define given(c) ((c) < CERTIFICATE(1, A1))
#endif

/*
 * In a log where epoch 1 is in force, epoch 2 starts from a certificate of epoch 1. Without one it starts where epoch 1 did in
 * that log: what was certified before and is not in it was given up.
 */
inline startIn(to) {
	k = NONE;
	do
	:: to == 2 && given(highest) && k < CERTIFICATE(1, A1) -> if :: HAS(started, k) -> highest = k; break :: true fi; k++
	:: else -> break
	od;
	if :: to == 1 -> started = started | BIT(highest) :: else fi
}

/* chooses a quorum of EPOCH words: some honest ones, then the liars' as they please */
inline open(to) {
	in(to, OPEN) && me.epoch < to ->
	do
	:: k < HONEST && words < QUORUM ->
		if
		:: said(k, to) > 0 ->
			words++;
			if :: better(said(k, to) - 1, highest) -> highest = said(k, to) - 1 :: else fi
		:: true
		fi;
		k++
	:: else -> break
	od;
	if
	:: words >= FEW_WORDS ->
#ifndef BUG_LOWEST_START
		if :: words < QUORUM -> orHigher(to) :: else fi;
#endif
		startIn(to);
		me.epoch = to;
		me.start = highest;
		if
		:: highest == NONE -> printf("%d: open epoch %d at the genesis\n", i, to)
		:: else -> printf("%d: open epoch %d at epoch %d size %d root %c\n", i, to, EPOCH(highest), SIZE(VOTE(highest)), 'A' + VOTE(highest) % 2)
		fi
	:: else
	fi;
	highest = 0; words = 0; k = 0
}

#include "properties.pml"
#include "reductions.pml"

proctype validator(byte i) {
	byte c, k, e, highest, words;
end:
	do
	:: atomic {
		if
		:: attest(A1) :: attest(B1) :: attest(A2) :: attest(B2)
		:: ratify(A1) :: ratify(B1) :: ratify(A2) :: ratify(B2)
		:: wish(1) :: open(1)
#if EPOCHS == 3
		:: wish(2) :: open(2)
#endif
#ifdef FINISH
		:: finish(A1) :: finish(B1) :: finish(A2) :: finish(B2)
#endif
		fi;
		d_step {
			check();
			sorted
		}
	}
	od
}

init {
	atomic {
		run validator(0);
		run validator(1);
#if LIARS == 1
		run validator(2);
#endif
#ifdef LAYERS
		run layers()
#endif
	}
}
