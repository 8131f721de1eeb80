package pdu

import "encoding/binary"

// Tag names an optional parameter.
type Tag uint16

// The tags that are read or written by the gateway.
const (
	TagReceiptedMessageID   Tag = 0x001E
	TagUserMessageReference Tag = 0x0204
	TagSARReference         Tag = 0x020C
	TagSARTotal             Tag = 0x020E
	TagSARNumber            Tag = 0x020F
	TagSCInterfaceVersion   Tag = 0x0210
	TagMessagePayload       Tag = 0x0424
	TagMessageState         Tag = 0x0427
	TagUSSDServiceOp        Tag = 0x0501
	TagITSSessionInfo       Tag = 0x1383
)

// known says of a tag how many octets its value has, from and to; these tags stand once in a PDU.
var known = map[Tag]struct{ least, most int }{
	TagReceiptedMessageID:   {1, 65},
	TagUserMessageReference: {1, 2}, // Two by the specification; some operators send one.
	TagSARReference:         {2, 2},
	TagSARTotal:             {1, 1},
	TagSARNumber:            {1, 1},
	TagSCInterfaceVersion:   {1, 1},
	TagMessagePayload:       {0, MaxLength},
	TagMessageState:         {1, 1},
	TagUSSDServiceOp:        {1, 1},
	TagITSSessionInfo:       {2, 2},
}

// TLV is an optional parameter.
type TLV struct {
	Tag   Tag
	Value []byte
}

// Find returns the value of the first TLV with a tag.
func Find(tlvs []TLV, tag Tag) ([]byte, bool) {
	for _, t := range tlvs {
		if t.Tag == tag {
			return t.Value, true
		}
	}
	return nil, false
}

// Octet makes a TLV of one octet.
func Octet(tag Tag, value uint8) TLV { return TLV{Tag: tag, Value: []byte{value}} }

// Pair makes a TLV of two octets.
func Pair(tag Tag, value uint16) TLV {
	return TLV{Tag: tag, Value: binary.BigEndian.AppendUint16(nil, value)}
}
