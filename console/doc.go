// Package console is what people look at: a phone in the browser, an explorer of the ledger, the provider's portal and the
// validators' state, rendered on the server and embedded in the programs.
//
// A page begins with a request, asks the network through sdk like any other client, and ends as HTML that works without
// scripts; it shows nothing that sdk has not verified. It never imports consensus or the ledger's store. The folder holds
// its place in the layout; the pages come with their own work, and until then `umoja phone` and `umoja dev status` are what
// people look at.
package console
