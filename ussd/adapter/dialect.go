package adapter

import (
	"net/http"
	"time"
)

// Dialect is how one aggregator speaks: facts and data, no code.
type Dialect struct {
	// Name is the one in configurations and in ussd.Turn, such as africastalking.
	Name string
	// Title is the aggregator's own.
	Title string
	Facts

	// Methods are those of its requests; the first is the usual one.
	Methods  []string
	Encoding Encoding
	// SessionInPath says that a path ends in /session/ID/STEP, which become the fields PathSession and PathStep.
	SessionInPath bool
	// Cumulative says that Fields.Input holds everything typed in the session, joined by stars; otherwise it is the last input.
	Cumulative bool
	// Dial says what Fields.Input holds on a dial, for a dialect that is not cumulative.
	Dial DialForm
	// PlusSign says that numbers are written with a plus; otherwise they are digits, and a plus does no harm.
	PlusSign bool
	Fields   Fields
	Stage    Stage
	// Notice is a message of another form that says a session ended; nil if there is none.
	Notice *Notice
	Reply  Reply
	// QueryLogin names the fields with user name and password, in an aggregator that logs in by the query; zero otherwise.
	QueryLogin Login

	// Septets are what a screen shows of GSM-7, UCS2 of other text; the reply's prefix counts.
	Septets, UCS2 int
	// Deadline is when the aggregator gives up on an answer; 0 where it says nothing.
	Deadline time.Duration
}

// Facts say how well a dialect is known.
type Facts struct {
	// Source is where the wire form was read, and Date when, as 2026-09-28 or 2026-11.
	Source, Date string
	// Confirmed says that the wire form was read in the aggregator's own words or seen in its traffic, as a whole.
	Confirmed bool
	// Doubt is what to look at first against the real aggregator.
	Doubt string
}

// Encoding is how fields travel.
type Encoding int

// The encodings.
const (
	Form  Encoding = iota // application/x-www-form-urlencoded in the body.
	JSON                  // One object in the body.
	Query                 // The query of the address; there is no body.
)

func (e Encoding) String() string { return [...]string{"form", "JSON", "query"}[e] }

// DialForm is what a dial carries.
type DialForm int

// The forms of a dial.
const (
	// DialAny is the dialled string with or without its star and hash, or nothing.
	DialAny DialForm = iota
	// DialFull is the dialled string, such as *384*2050*1#, or nothing.
	DialFull
	// DialBare is the dialled string without the star before it and the hash behind it, such as 384*2050*1.
	DialBare
	// DialNothing is nothing of use: whatever stands there is not looked at.
	DialNothing
)

func (d DialForm) String() string {
	return [...]string{"dialled string or nothing", "dialled string", "dialled string without * and #", "nothing"}[d]
}

// Need says how much of a field there has to be.
type Need int

// The needs.
const (
	Filled   Need = iota // There, and not empty.
	There                // There; it may be empty.
	Optional             // It may be missing.
)

// Kind is which JSON values a field takes.
type Kind int

// The kinds.
const (
	Text   Kind = iota // A string.
	Number             // A string or a number.
	Bool               // true or false.
)

// Field is one field of a request. The zero Field is one that the dialect does not have.
type Field struct {
	// Name is exact. In JSON payload.response is response in the object payload.
	Name string
	// Also is another spelling that was seen.
	Also string
	// Max bounds its bytes.
	Max  int
	Kind Kind
	Need Need
}

// The fields of a path.
const (
	PathSession = "the path's session"
	PathStep    = "the path's step"
)

// Fields are those of a request.
type Fields struct {
	Session, Phone, Code, Input Field
	// Request numbers the requests of a session.
	Request Field
	// Others are checked and may be echoed.
	Others []Field
}

func (f *Fields) all() []Field {
	return append([]Field{f.Session, f.Phone, f.Code, f.Input, f.Request}, f.Others...)
}

// Stage tells by the values of a field, in whatever case, what a request is. Without a field every request is a turn: in a
// cumulative dialect that is all there is to know, in another one an input that is the service code is the dial if the
// session has seen nothing else yet.
type Stage struct {
	Field             Field
	Dial, Answer, End []string
	// Status asks whether the session is open.
	Status []string
}

// Notice is a message that says that a session ended.
type Notice struct {
	// Suffix is what its own address has behind that of the turns, such as /end.
	Suffix string
	// Marker is the field that only it has, where it comes to the same address.
	Marker string
	Fields Fields
}

// Login is a user name and password, or the names of the fields that hold them.
type Login struct{ User, Password string }

// methods of the dialects.
var (
	// Post is what most aggregators use.
	Post = []string{http.MethodPost}
	// Get is for dialects that put everything into the query.
	Get = []string{http.MethodGet}
)

const (
	// MaxBody bounds a request's body, or its query.
	MaxBody = 8 << 10
	// MaxSession bounds a session's or a request's id.
	MaxSession = 128
	// MaxTranscript bounds the input of a whole session, MaxInput that of one turn.
	MaxTranscript, MaxInput = 1024, 512
	// maxCode bounds a service code.
	maxCode = 64
)

// SessionField is the field of a session's id.
func SessionField(name string) Field { return Field{Name: name, Max: MaxSession, Kind: Number} }

// PhoneField is that of a number.
func PhoneField(name string) Field { return Field{Name: name, Max: 20, Kind: Number} }

// CodeField is that of a service code.
func CodeField(name string) Field { return Field{Name: name, Max: maxCode} }

// TranscriptField is that of everything typed so far.
func TranscriptField(name string) Field { return Field{Name: name, Max: MaxTranscript, Need: There} }

// InputField is that of the last input.
func InputField(name string) Field {
	return Field{Name: name, Max: MaxInput, Kind: Number, Need: There}
}

// RequestField is that of a request's own id.
func RequestField(name string) Field { return Field{Name: name, Max: MaxSession, Kind: Number} }

// OtherField is one that may be missing and is only bounded.
func OtherField(name string) Field { return Field{Name: name, Max: 64, Kind: Number, Need: Optional} }
