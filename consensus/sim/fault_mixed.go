package sim

import (
	"context"
	"math/rand/v2"
	"slices"
)

// mixedFault is troubles of several kinds at once, each at most once: lies, also of who leads, bad weather, and crashes, wrong clocks or a bad disk. In every
// fourth run nobody lies, and instead a disk lies to its validator. Liars go on when all else is healed. It took effect as often as parts of it did.
func mixedFault() Fault {
	return Fault{Name: "mixed", Says: "a lie, bad weather, and crashes, clocks or a disk, at once", Liars: 1, Run: mixed,
		Lasting: func(ctx context.Context, c *chaos) {
			c.together(func(f Fault, own *chaos) {
				if f.Lasting != nil {
					f.Lasting(ctx, own)
				}
			})
		},
		Verdict: func(c *chaos) {
			for _, p := range c.troubles {
				if p.fault.Verdict != nil {
					p.fault.Verdict(p.chaos)
				}
			}
		},
		Count: func(c *chaos) (took int) {
			for _, p := range c.troubles {
				n := p.count()
				if p.fault.Count != nil {
					n += p.fault.Count(p.chaos)
				}
				if n > 0 {
					took++
				}
			}
			return took
		}}
}

// trouble is one of several, with dice and a count of its own.
type trouble struct {
	*chaos
	fault Fault
}

func mixed(ctx context.Context, c *chaos) {
	for _, f := range c.draw() {
		c.cluster.log.Info("trouble", "fault", f.Name)
		own := &chaos{cluster: c.cluster, workload: c.workload, seed: c.seed, rand: rand.New(rand.NewPCG(c.seed, 18+uint64(len(c.troubles)))), mayPart: c.mayPart}
		c.troubles = append(c.troubles, trouble{own, f})
	}
	c.together(func(f Fault, own *chaos) { f.Run(ctx, own) })
}

// together has all parts do something at the same time. The trouble is not over before they are.
func (c *chaos) together(do func(f Fault, own *chaos)) {
	for _, p := range c.troubles {
		c.work.Go(func() {
			do(p.fault, p.chaos)
			p.work.Wait()
		})
	}
}

// draw chooses the troubles. A validator whose disk lies counts among the f that may lie, and liars' clocks are wrong enough.
func (c *chaos) draw() []Fault {
	alone := func(f Fault) bool { return f.Alone }
	kept := func(list []Fault, which func(Fault) bool) []Fault {
		return slices.DeleteFunc(slices.Clone(list), func(f Fault) bool { return !which(f) })
	}
	one := func(of []Fault) Fault { return of[c.intN(len(of))] }
	clocks, disks := clockFaults(), diskFaults()
	harmless := func(f Fault) bool { return !f.Alone }
	weather, crashes := one(networkFaults()), kept(crashFaults(), harmless)
	if c.intN(4) == 0 {
		return []Fault{one(kept(disks, alone)), weather, one(crashes)}
	}
	lie := one(kept(slices.Concat(liarFaults(), kept(clocks, alone)), func(f Fault) bool { return !f.Forks }))
	others := append(crashes, kept(disks, harmless)...)
	if lie.Verdict == nil {
		others = append(others, kept(clocks, harmless)...)
	}
	return []Fault{lie, weather, one(others)}
}
