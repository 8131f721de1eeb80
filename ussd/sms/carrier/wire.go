package carrier

// Wire says how well the wire form of a carrier's SMS routes is known.
type Wire struct {
	// Name is the one in configurations, such as africastalking, and Title the carrier's own.
	Name, Title string
	// Sends, Reports and Receives say how a message is sent, reported and received, in a few words each.
	Sends, Reports, Receives string
	// Source is where the wire form was read, and Date when, as 2026-11.
	Source, Date string
	// Confirmed says that the wire form was tried with the carrier or its own software, as a whole.
	Confirmed bool
	// Doubt is what to look at first against the real carrier.
	Doubt string
}
