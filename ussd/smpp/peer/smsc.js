// A message centre for the tests of ussd/smpp: npm's smpp speaks the protocol, this file only carries what it reads and
// writes as lines of JSON. It listens on a free port of the loopback, says what comes on its output, and sends what stands
// on its input. It ends with its input.
//
//	{"event":"listening","port":40123}
//	{"event":"submit_sm","message_id":"2a","destination_addr":"254711000001","text":"Paid 150.00 KES", ...}
//	{"command":"deliver_sm","source_addr":"254711000001","text":"BAL", ...}
//
// Ids of messages are hexadecimal in its answers and decimal in its receipts, as with some operators. A submit_sm that asks
// for a receipt gets one at once.

import { createInterface } from "node:readline";
import smpp from "smpp";

const password = "s3cr3tpw";
let bound; // The newest session that was bound.
let messages = 40;

function say(event) {
  process.stdout.write(JSON.stringify(event) + "\n");
}

// text is a short_message as npm's smpp read it, without its header.
function text(value) {
  const message = value?.message ?? value ?? "";
  return Buffer.isBuffer(message) ? message.toString("latin1") : message;
}

function header(value) {
  return (value?.udh ?? []).map((element) => element.toString("hex")).join("");
}

const fields = [
  "service_type", "source_addr", "source_addr_ton", "source_addr_npi", "destination_addr", "dest_addr_ton", "dest_addr_npi",
  "esm_class", "data_coding", "registered_delivery", "ussd_service_op", "user_message_reference",
];

function submitted(session, pdu) {
  const id = ++messages;
  const event = { event: "submit_sm", message_id: id.toString(16), text: text(pdu.short_message), header: header(pdu.short_message) };
  for (const field of fields) {
    event[field] = pdu[field];
  }
  event.its_session_info = pdu.its_session_info?.toString("hex");
  session.send(pdu.response({ message_id: id.toString(16) }));
  say(event);
  if (pdu.registered_delivery === 1) {
    receipt(session, pdu, id);
  }
}

// receipt reports a message: delivered, or not to a number that ends in 9.
function receipt(session, pdu, id) {
  const delivered = !pdu.destination_addr.endsWith("9");
  session.deliver_sm({
    source_addr: pdu.destination_addr,
    source_addr_ton: 1,
    destination_addr: pdu.source_addr,
    esm_class: smpp.ESM_CLASS.MC_DELIVERY_RECEIPT,
    short_message:
      `id:${id} sub:001 dlvrd:${delivered ? "001" : "000"} submit date:2611211006 done date:2611211006 ` +
      `stat:${delivered ? "DELIVRD" : "UNDELIV"} err:${delivered ? "000" : "027"} text:${text(pdu.short_message).slice(0, 20)}`,
    receipted_message_id: String(id),
    message_state: delivered ? 2 : 5,
  }, (resp) => say({ event: "receipt acknowledged", status: resp.command_status }));
}

const server = smpp.createServer((session) => {
  session.on("error", (error) => say({ event: "error", text: String(error.code ?? error.message) }));
  for (const command of ["bind_transceiver", "bind_transmitter", "bind_receiver"]) {
    session.on(command, (pdu) => {
      if (pdu.password !== password) {
        session.send(pdu.response({ command_status: smpp.ESME_RINVPASWD }));
        session.close();
        return;
      }
      session.send(pdu.response({ system_id: "peer" }));
      if (command !== "bind_transmitter") {
        bound = session;
      }
      say({ event: "bound", text: command });
    });
  }
  session.on("submit_sm", (pdu) => submitted(session, pdu));
  session.on("enquire_link", (pdu) => {
    session.send(pdu.response());
    say({ event: "enquire_link" });
  });
  session.on("unbind", (pdu) => {
    session.send(pdu.response());
    session.close();
    say({ event: "unbound" });
  });
});
server.listen(0, "127.0.0.1", () => say({ event: "listening", port: server.address().port }));

function deliver({ command, text: message, header: udh, its_session_info: info, ...rest }) {
  if (udh !== undefined) {
    rest.short_message = { udh: Buffer.from(udh, "hex"), message };
  } else {
    rest.short_message = message;
  }
  if (info !== undefined) {
    rest.its_session_info = Buffer.from(info, "hex");
  }
  bound[command](rest, (resp) => say({ event: resp.command, status: resp.command_status }));
}

const input = createInterface({ input: process.stdin });
input.on("line", (line) => {
  const order = JSON.parse(line);
  if (order.command === "hang_up") {
    bound.destroy();
    return;
  }
  deliver(order);
});
input.on("close", () => process.exit(0));
