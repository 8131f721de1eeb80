/* Validators are alike. */
#ifdef SYMMETRY
c_code {
	static void order(int a, int b) {
		if (memcmp(&now.h[a], &now.h[b], sizeof now.h[a]) > 0) {
			struct Validator swapped = now.h[a]; now.h[a] = now.h[b]; now.h[b] = swapped;
		}
	}
}
#if LIARS == 1
#define sorted c_code { order(0, 1); order(1, 2); order(0, 1); }
#else
#define sorted c_code { order(0, 1); }
#endif
#else
#define sorted skip
#endif

/*
 * With LAYERS, all validators wish for an epoch, then open it, attest in it and ratify in it, and finish at last. README.md says
 * why nothing more can happen otherwise. What a layer leaves behind is what later ones can use: certificates, finals,
 * and each validator's highest ratification.
 */
inline forget() {
	e = layer / 4;
	if
	:: layer % 4 == ATTEST -> oldCertificates[e] = all(e, FEW_ATTESTATIONS, attested[e])
	:: layer % 4 == RATIFY -> oldFinals[e] = finalsOf(e)
	:: else
	fi;
	do
	:: k < HONEST ->
		if
		:: layer % 4 == OPEN ->
#ifndef BUG_MIXED_WORDS
			h[k].word[e] = 0;
#endif
			h[k].wished = 0
		:: layer % 4 == ATTEST -> h[k].attested[e] = 0; h[k].start = NONE
		:: layer % 4 == RATIFY ->
			h[k].epoch = 0;
			if
			:: h[k].ratified[e] > 0 ->
				if :: h[k].ratified[e] >= BIT(A2) -> h[k].ratified[e] = h[k].ratified[e] & ~LOWER(A2) :: else fi;
				do :: e > 0 -> e--; h[k].ratified[e] = 0 :: else -> break od;
				e = layer / 4
			:: else
			fi
		:: else
		fi;
		k++
	:: else -> break
	od;
	e = 0; k = 0
}

proctype layers() {
	byte k, e;
end:
	do
	:: layer < LAYER(EPOCHS, 0) ->
		d_step {
			forget();
			layer++;
			sorted
		}
	od
}
