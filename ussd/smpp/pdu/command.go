package pdu

import "fmt"

// Command is a command_id.
type Command uint32

// The commands. A response is its request with the highest bit set.
const (
	GenericNack         Command = 0x80000000
	BindReceiver        Command = 0x00000001
	BindReceiverResp    Command = 0x80000001
	BindTransmitter     Command = 0x00000002
	BindTransmitterResp Command = 0x80000002
	SubmitSM            Command = 0x00000004
	SubmitSMResp        Command = 0x80000004
	DeliverSM           Command = 0x00000005
	DeliverSMResp       Command = 0x80000005
	Unbind              Command = 0x00000006
	UnbindResp          Command = 0x80000006
	BindTransceiver     Command = 0x00000009
	BindTransceiverResp Command = 0x80000009
	EnquireLink         Command = 0x00000015
	EnquireLinkResp     Command = 0x80000015
)

const responseBit Command = 0x80000000

// Response is the command that answers c.
func (c Command) Response() Command { return c | responseBit }

// IsResponse tells whether c answers another command.
func (c Command) IsResponse() bool { return c&responseBit != 0 }

var commandNames = map[Command]string{
	GenericNack: "generic_nack", BindReceiver: "bind_receiver", BindReceiverResp: "bind_receiver_resp",
	BindTransmitter: "bind_transmitter", BindTransmitterResp: "bind_transmitter_resp", SubmitSM: "submit_sm",
	SubmitSMResp: "submit_sm_resp", DeliverSM: "deliver_sm", DeliverSMResp: "deliver_sm_resp", Unbind: "unbind",
	UnbindResp: "unbind_resp", BindTransceiver: "bind_transceiver", BindTransceiverResp: "bind_transceiver_resp",
	EnquireLink: "enquire_link", EnquireLinkResp: "enquire_link_resp",
}

// String is the specification's name, or the number.
func (c Command) String() string {
	if name, ok := commandNames[c]; ok {
		return name
	}
	return fmt.Sprintf("command %#08x", uint32(c))
}

// Status is a command_status.
type Status uint32

// The statuses that are told apart here (SMPP 3.4, 5.1.3).
const (
	OK                 Status = 0x00
	InvalidMessageLen  Status = 0x01
	InvalidCommandLen  Status = 0x02
	InvalidCommandID   Status = 0x03
	WrongBindState     Status = 0x04
	AlreadyBound       Status = 0x05
	SystemError        Status = 0x08
	InvalidSource      Status = 0x0A
	InvalidDestination Status = 0x0B
	InvalidMessageID   Status = 0x0C
	BindFailed         Status = 0x0D
	InvalidPassword    Status = 0x0E
	InvalidSystemID    Status = 0x0F
	QueueFull          Status = 0x14
	SubmitFailed       Status = 0x45
	Throttled          Status = 0x58
	TemporaryError     Status = 0x64
	PermanentError     Status = 0x65
	Rejected           Status = 0x66
	InvalidTLVStream   Status = 0xC0
	InvalidTLVValue    Status = 0xC4
	DeliveryFailure    Status = 0xFE
	UnknownError       Status = 0xFF
)

var statusNames = map[Status]string{
	OK: "ESME_ROK", InvalidMessageLen: "ESME_RINVMSGLEN", InvalidCommandLen: "ESME_RINVCMDLEN",
	InvalidCommandID: "ESME_RINVCMDID", WrongBindState: "ESME_RINVBNDSTS", AlreadyBound: "ESME_RALYBND",
	0x06: "ESME_RINVPRTFLG", 0x07: "ESME_RINVREGDLVFLG", SystemError: "ESME_RSYSERR",
	InvalidSource: "ESME_RINVSRCADR", InvalidDestination: "ESME_RINVDSTADR", InvalidMessageID: "ESME_RINVMSGID",
	BindFailed: "ESME_RBINDFAIL", InvalidPassword: "ESME_RINVPASWD", InvalidSystemID: "ESME_RINVSYSID",
	QueueFull: "ESME_RMSGQFUL", 0x15: "ESME_RINVSERTYP", 0x43: "ESME_RINVESMCLASS", SubmitFailed: "ESME_RSUBMITFAIL",
	0x48: "ESME_RINVSRCTON", 0x49: "ESME_RINVSRCNPI", 0x50: "ESME_RINVDSTTON", 0x51: "ESME_RINVDSTNPI",
	0x53: "ESME_RINVSYSTYP", Throttled: "ESME_RTHROTTLED", 0x61: "ESME_RINVSCHED", 0x62: "ESME_RINVEXPIRY",
	0x63: "ESME_RINVDFTMSGID", TemporaryError: "ESME_RX_T_APPN", PermanentError: "ESME_RX_P_APPN",
	Rejected: "ESME_RX_R_APPN", 0x67: "ESME_RQUERYFAIL", InvalidTLVStream: "ESME_RINVOPTPARSTREAM",
	0xC1: "ESME_ROPTPARNOTALLWD", 0xC2: "ESME_RINVPARLEN", 0xC3: "ESME_RMISSINGOPTPARAM",
	InvalidTLVValue: "ESME_RINVOPTPARAMVAL", DeliveryFailure: "ESME_RDELIVERYFAILURE", UnknownError: "ESME_RUNKNOWNERR",
}

// String is the specification's name, or the number.
func (s Status) String() string {
	if name, ok := statusNames[s]; ok {
		return name
	}
	return fmt.Sprintf("status %#x", uint32(s))
}
