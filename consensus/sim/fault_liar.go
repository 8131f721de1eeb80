package sim

// liarFaults are validators that lie.
func liarFaults() []Fault { return nil }
