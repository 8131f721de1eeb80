package smpp

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/umoja-ledger/umoja/ussd/smpp/pdu"
	"github.com/umoja-ledger/umoja/ussd/sms"
)

// receiptText finds the fields of a receipt's text, whose form is an appendix of the specification that peers take as a
// proposal. The text of the message, which may stand at the end, is not looked at.
var receiptText = regexp.MustCompile(`(?i)\b(id|stat|err):\s*([0-9A-Za-z._-]{1,64})`)

// receiptStates are the states by their names in a receipt's text and by message_state.
var receiptStates = map[string]sms.ReportState{
	"DELIVRD": sms.ReportDelivered, "DELIVERED": sms.ReportDelivered,
	"EXPIRED": sms.ReportFailed, "DELETED": sms.ReportFailed, "UNDELIV": sms.ReportFailed, "UNDELIVERABLE": sms.ReportFailed,
	"REJECTD": sms.ReportFailed, "REJECTED": sms.ReportFailed, "FAILED": sms.ReportFailed,
	"ENROUTE": sms.ReportBuffered, "ACCEPTD": sms.ReportBuffered, "ACCEPTED": sms.ReportBuffered, "BUFFERED": sms.ReportBuffered,
	"UNKNOWN": sms.ReportBuffered, "SCHEDULED": sms.ReportBuffered,
}

// stateNames are the values of message_state (SMPP 3.4, 5.2.28).
var stateNames = map[uint8]string{1: "ENROUTE", 2: "DELIVERED", 3: "EXPIRED", 4: "DELETED", 5: "UNDELIVERABLE", 6: "ACCEPTED",
	7: "UNKNOWN", 8: "REJECTED"}

// isReceipt tells a delivery receipt from a message: by esm_class, or by the optional parameters where a peer forgets that.
func isReceipt(s *pdu.Short) bool {
	_, id := pdu.Find(s.TLVs, pdu.TagReceiptedMessageID)
	_, state := pdu.Find(s.TLVs, pdu.TagMessageState)
	return s.ESMClass&pdu.ESMTypeMask == pdu.ESMReceipt || (id && state)
}

// receipt reads a delivery receipt. The optional parameters go before the text. It is not ok when it names no message.
func receipt(s *pdu.Short, text []byte, ids IDForm) (report sms.Report, ok bool) {
	var id, state, code string
	// Everything from text: on is what a person was written.
	words := string(text)
	if s.DataCoding == codingUCS2 { // A peer that repeats a text in UCS-2 writes all of the receipt so; every other is ASCII.
		words, _ = decodeUCS2(text)
	}
	if at := strings.Index(strings.ToLower(words), " text:"); at >= 0 {
		words = words[:at]
	}
	for _, field := range receiptText.FindAllStringSubmatch(words, 8) {
		switch strings.ToLower(field[1]) {
		case "id":
			id = field[2]
		case "stat":
			state = strings.ToUpper(field[2])
		case "err":
			code = field[2]
		}
	}
	if value, there := pdu.Find(s.TLVs, pdu.TagReceiptedMessageID); there {
		id = strings.TrimRight(string(value), "\x00")
	}
	if value, there := pdu.Find(s.TLVs, pdu.TagMessageState); there && stateNames[value[0]] != "" {
		state = stateNames[value[0]]
	}
	known, ok := receiptStates[state]
	if id == "" || !ok {
		return sms.Report{}, false
	}
	report = sms.Report{ID: ids.ofReceipt(id), State: known}
	if known == sms.ReportFailed {
		report.Reason = state
		if code != "" && strings.Trim(code, "0") != "" {
			report.Reason += " err " + code
		}
	}
	return report, true
}

// ofAnswer is the id of a message as the link has it, from an answer to submit_sm.
func (f IDForm) ofAnswer(id string) string {
	switch f {
	case IDHex, IDHexDecimal:
		return number(id, 16)
	case IDDecimalHex:
		return number(id, 10)
	}
	return id
}

// ofReceipt is the same from a receipt.
func (f IDForm) ofReceipt(id string) string {
	switch f {
	case IDHex, IDDecimalHex:
		return number(id, 16)
	case IDHexDecimal:
		return number(id, 10)
	}
	return id
}

// number is an id in decimal, whatever it was in; what is no number stays as it is.
func number(id string, base int) string {
	n, err := strconv.ParseUint(id, base, 64)
	if err != nil {
		return id
	}
	return strconv.FormatUint(n, 10)
}
