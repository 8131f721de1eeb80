// Package pdu reads and writes the protocol data units of SMPP 3.4 that a gateway needs, and no others.
//
// On the wire a PDU is a header of 16 octets and a body:
//
//	 0               4               8              12              16
//	+---------------+---------------+---------------+---------------+----------------
//	| command_length|   command_id  | command_status|sequence_number| body …
//	+---------------+---------------+---------------+---------------+----------------
//
// all integers in network order, command_length counting itself. A body is fixed fields, in which a text ends with a NUL,
// and then optional parameters (TLVs): tag and length of two octets each, and the value.
//
// Read takes one PDU off a connection, at most MaxLength octets and never more than it announces. Decode makes a PDU of
// it and Append octets of a PDU; whatever Decode takes, Append gives back to the octet. Decode refuses fields beyond the
// specification's sizes, TLVs that reach past the end, more than MaxTLVs of them, and one of the tags named here twice.
// A command it does not know keeps its body as it came, so that it can be answered with a generic_nack.
package pdu
