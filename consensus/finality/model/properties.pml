/* What must hold after every step of an honest validator. */

#ifdef BUG_ACCUSE_BY_SIZE
#define hides(c, in) (c != NONE && (in == NONE || SIZE(VOTE(c)) > SIZE(VOTE(in))))
#else
#define hides(c, in) (HEIGHT(c) > HEIGHT(in))
#endif
#ifdef BUG_ACCUSE_LATER
#define gone(e) EPOCHS
#else
#define gone(e) e
#endif

#define AGREEMENT 1  /* no two final checkpoints conflict, of whatever epochs */
#define START 2      /* the start of an epoch extends all that is final of earlier ones */
#define COSIGNATURE 3 /* a cosignature only of what is final */
#define ONE_ROOT 4   /* an honest validator signs one root for one epoch, size and kind */
#define FRAMED 5     /* nothing that an honest validator signed is evidence against it */
#define REACHED 6    /* what can happen: an assertion that must fail */
#ifndef ONLY
#define ONLY 0
#endif
#define must(property, holds) assert((property) == 0 || ONLY > 0 && ONLY != (property) || (holds))

#if defined(REACH_FINAL)
#define unreached (finalsOf(0) == 0)
#elif defined(REACH_FINAL_AFTER_CHANGE)
#define unreached (finalsOf(0) != 0 || finalsOf(1) == 0)
#elif defined(REACH_FINAL_EXTENDED)
#define unreached (finalsOf(0) != BIT(A1) || finalsOf(1) != BIT(A2))
#elif defined(REACH_ABANDONED)
#define unreached (!agreed(ratified[0], A2, 1) || !HAS(finalsOf(1), B1))
#elif defined(REACH_TWO_STARTS)
#define unreached (h[0].epoch == 0 || h[1].epoch == 0 || h[0].start == h[1].start || finalsOf(1) == 0)
#elif defined(REACH_FINAL_AFTER_TWO_CHANGES)
#define unreached (finalsOf(0) != 0 || finalsOf(1) != 0 || finalsOf(2) == 0)
#elif defined(REACH_COSIGNED)
#define unreached (COUNT(cosigned, == (BIT(A1) | BIT(A2))) < HONEST)
#elif defined(REACH_FORK)
#define unreached (!conflict(finals, finals))
#else
#define unreached true
#endif

#define covered(j) (layer % 4 == RATIFY || /* forgotten */ \
	(h[j].start == NONE -> finalsBefore(h[j].epoch) == 0 : !(finalsBefore(h[j].epoch) & ~EXTENDS(VOTE(h[j].start)))))

inline check() {
#if LIARS == 1
	must(AGREEMENT, !conflict(finals, finals));
	must(START, covered(0) && covered(1) && covered(2));
#endif
	must(COSIGNATURE, !(me.cosigned & ~finals));
	must(ONE_ROOT, !twoRoots(me.cosigned));
	must(FRAMED, !conflict(me.cosigned, me.cosigned));
	do
	:: e < EPOCHS ->
		must(ONE_ROOT, !twoRoots(me.attested[e]) && !twoRoots(me.ratified[e]));
		must(FRAMED, !conflict(me.attested[e], me.attested[e]));
		if
		:: me.word[e] > 0 ->
			highestRatified(gone(e));
			must(FRAMED, !hides(highest, (me.word[e] - 1)));
			highest = 0
		:: else
		fi;
		e++
	:: else -> break
	od;
	e = 0;
	must(REACHED, unreached)
}
