package sim

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
)

// court reads the evidence that honest validators have kept, as anybody would who has nothing but the files and the genesis. Whoever
// it proves guilty must be guilty (I14).
type court struct {
	cluster *cluster
	// guilty holds the offences that are proved against each validator.
	guilty map[string][]checkpoint.Offence
}

// hold reads every file.
func (c *cluster) hold() *court {
	out := &court{cluster: c, guilty: make(map[string][]checkpoint.Offence)}
	for _, m := range c.begun() {
		out.read(m)
	}
	return out
}

// read reads one validator's folder.
func (c *court) read(m *member) {
	dir := filepath.Join(m.dir, "node", "evidence")
	files, err := os.ReadDir(dir)
	if err != nil {
		c.cluster.violate("I14", "%s: read evidence: %v", m.name, err)
		return
	}
	for _, file := range files {
		if !strings.HasSuffix(file.Name(), ".evidence") {
			continue // A crash left it half written.
		}
		raw, err := os.ReadFile(filepath.Join(dir, file.Name()))
		if err != nil {
			c.cluster.violate("I14", "%s: read evidence: %v", m.name, err)
			continue
		}
		c.judge(m, raw)
	}
}

func (c *court) judge(m *member, raw []byte) {
	e, err := checkpoint.ParseEvidence(raw)
	if err != nil {
		c.cluster.violate("I14", "%s keeps evidence that cannot be read: %v", m.name, err)
		return
	}
	var culprit string
	var offence checkpoint.Offence
	err = c.cluster.sets.verified(func(set checkpoint.ValidatorSet) (err error) {
		culprit, offence, err = e.Verify(c.cluster.world.Network, set)
		return err
	})
	if err != nil {
		c.cluster.violate("I14", "%s keeps evidence that proves nothing: %v", m.name, err)
		return
	}
	if !c.cluster.liars[culprit] && !c.cluster.members[culprit].hasForgotten() {
		c.cluster.violate("I14", "%s proves %s guilty of %s, who is honest", m.name, culprit, offence)
	}
	if !slices.Contains(c.guilty[culprit], offence) {
		c.guilty[culprit] = append(c.guilty[culprit], offence)
	}
}

// named are the validators that were proved guilty.
func (c *court) named() []string { return slices.Sorted(maps.Keys(c.guilty)) }
