// Package consent is how a provider that a user leaves agrees to it: with its signature beside those of the attestors a move is done at once,
// and the delay, which is there for its sake, is waived.
//
// A person who chooses another provider in the menus of the old one, and gives the PIN there, has agreed; the old provider keeps that for a
// while (Agreements). The new one, when the person dials it, makes the transaction of the move and asks, in a request signed by its grant key
// (package peer), at an endpoint of the old provider's directory entry:
//
//	POST /provider/v1/consent  {"body": base64 of the transaction's body}
//	                           {"signer": …, "signature": …}
//
// The old provider signs a body that holds one StartMove of an account whose holder agreed, that ends its own grant and begins one of who asks,
// within the next hour. It signs nothing else, whoever asks. Without an agreement, or without an answer, the move takes its delay: an old
// provider that is silent, gone or unwilling stops nobody.
//
// So that the codes are on their way when the person dials the new provider, the old one tells it at once who comes (InvitePath):
//
//	POST /provider/v1/invite   {"phone": "+254711000001", "account": "umoja1…", "language": "sw"}
//	                           {}
//
// The new one sees on the ledger whether the sender serves the account, makes the transaction, asks for the consent, and has the codes sent.
// When it cannot, the person is asked to dial it all the same, and it begins there.
//
// The same request again gives the same signature. A signature is worth nothing without those of the attestors.
package consent
