package pdu

// Body is what follows the header: *Bind, *BindResp, *Short, *ShortResp or Raw; nil where nothing follows.
type Body interface {
	append(w *writer)
}

// Address is a number with its type and plan.
type Address struct {
	TON, NPI uint8
	// Digits is at most 64 octets: the specification has 20, and dialled codes are longer.
	Digits string
}

// Bind is the body of bind_receiver, bind_transmitter and bind_transceiver.
type Bind struct {
	SystemID string
	// Password is secret: whoever prints a Bind prints it.
	Password         string
	SystemType       string
	InterfaceVersion uint8
	// Range has the addresses that are served, as the operator wants them told; most ignore it.
	Range Address
}

// BindResp is the body of their responses.
type BindResp struct {
	SystemID string
	TLVs     []TLV
}

// Short is the body of submit_sm and deliver_sm.
type Short struct {
	ServiceType          string
	Source, Destination  Address
	ESMClass             uint8
	ProtocolID           uint8
	Priority             uint8
	ScheduleDeliveryTime string
	ValidityPeriod       string
	RegisteredDelivery   uint8
	ReplaceIfPresent     uint8
	DataCoding           uint8
	DefaultMessageID     uint8
	// Message is short_message, at most 254 octets.
	Message []byte
	TLVs    []TLV
}

// ShortResp is the body of their responses. A response with an error, and some without, has none.
type ShortResp struct {
	MessageID string
	TLVs      []TLV
}

// Raw is the body of a command that is not known here.
type Raw []byte

// Bits of esm_class.
const (
	// ESMTypeMask covers the message type, ESMReceipt is the type of a delivery receipt.
	ESMTypeMask = 0x3C
	ESMReceipt  = 0x04
	// ESMHeader says that a user data header stands before the text.
	ESMHeader = 0x40
)

// The sizes of the specification, each without the NUL at the end; those of addresses are larger, see Address.
const (
	maxSystemID     = 15
	maxPassword     = 8
	maxSystemType   = 12
	maxAddressRange = 40
	maxServiceType  = 5
	maxAddress      = 64
	maxTime         = 16
	maxMessage      = 254
	maxMessageID    = 64
)

func (b *Bind) append(w *writer) {
	w.text("system_id", b.SystemID, maxSystemID)
	w.text("password", b.Password, maxPassword)
	w.text("system_type", b.SystemType, maxSystemType)
	w.octet(b.InterfaceVersion)
	w.octet(b.Range.TON)
	w.octet(b.Range.NPI)
	w.text("address_range", b.Range.Digits, maxAddressRange)
}

func readBind(r *reader) *Bind {
	b := &Bind{SystemID: r.text("system_id", maxSystemID), Password: r.text("password", maxPassword),
		SystemType: r.text("system_type", maxSystemType), InterfaceVersion: r.octet("interface_version")}
	b.Range = Address{TON: r.octet("addr_ton"), NPI: r.octet("addr_npi"), Digits: r.text("address_range", maxAddressRange)}
	return b
}

func (b *BindResp) append(w *writer) {
	w.text("system_id", b.SystemID, maxSystemID)
	w.tlvs(b.TLVs)
}

func readBindResp(r *reader) *BindResp {
	return &BindResp{SystemID: r.text("system_id", maxSystemID), TLVs: r.tlvs()}
}

func (s *Short) append(w *writer) {
	w.text("service_type", s.ServiceType, maxServiceType)
	w.address("source_addr", s.Source)
	w.address("destination_addr", s.Destination)
	w.octet(s.ESMClass)
	w.octet(s.ProtocolID)
	w.octet(s.Priority)
	w.text("schedule_delivery_time", s.ScheduleDeliveryTime, maxTime)
	w.text("validity_period", s.ValidityPeriod, maxTime)
	w.octet(s.RegisteredDelivery)
	w.octet(s.ReplaceIfPresent)
	w.octet(s.DataCoding)
	w.octet(s.DefaultMessageID)
	if len(s.Message) > maxMessage {
		w.fail("short_message", maxMessage)
		return
	}
	w.octet(uint8(len(s.Message)))
	w.octets(s.Message)
	w.tlvs(s.TLVs)
}

func readShort(r *reader) *Short {
	s := &Short{ServiceType: r.text("service_type", maxServiceType), Source: r.address("source_addr"),
		Destination: r.address("destination_addr"), ESMClass: r.octet("esm_class"), ProtocolID: r.octet("protocol_id"),
		Priority: r.octet("priority_flag"), ScheduleDeliveryTime: r.text("schedule_delivery_time", maxTime),
		ValidityPeriod: r.text("validity_period", maxTime), RegisteredDelivery: r.octet("registered_delivery"),
		ReplaceIfPresent: r.octet("replace_if_present_flag"), DataCoding: r.octet("data_coding"),
		DefaultMessageID: r.octet("sm_default_msg_id")}
	length := r.octet("sm_length")
	if length > maxMessage {
		r.fail("short_message has more than 254 octets")
	}
	s.Message = r.octets("short_message", int(length))
	s.TLVs = r.tlvs()
	return s
}

func (s *ShortResp) append(w *writer) {
	w.text("message_id", s.MessageID, maxMessageID)
	w.tlvs(s.TLVs)
}

func readShortResp(r *reader) *ShortResp {
	return &ShortResp{MessageID: r.text("message_id", maxMessageID), TLVs: r.tlvs()}
}

func (b Raw) append(w *writer) { w.octets(b) }
