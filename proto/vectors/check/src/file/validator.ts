// validator.json: what validators sign beside checkpoints, sets of them, and batches.
import type { Kinds } from "../kind.js";
import { Difference, same, type Input } from "../vector.js";
import { hex } from "../protocol/bytes.js";
import { verifyLogLine } from "../protocol/checkpoint.js";
import { verifyEpochChange, verifyEpochVote } from "../protocol/epoch.js";
import { verifyEvidence } from "../protocol/evidence.js";
import { ed25519 } from "../protocol/hash.js";
import {
  checkSignature, digestText, electionDigest, parseBatch, parseSet, quorum, recordDigest, setHash, verifyComplaint,
  verifyExpiry, verifyLeader, verifyRecord, verifySubmission, voteDigest,
  type ValidatorRecord,
} from "../protocol/validator.js";

const recordFields = ["name", "key", "tls_key_hash", "peer_address", "address", "proof"];

export const validator: Kinds = {
  file: "validator.json",
  kinds: [
    {
      what: "vote",
      in: ["epoch", "network", "public", "root", "signature", "size", "tag"],
      check(input) {
        const [network, root] = [input.bytes("network", 32), input.bytes("root", 32)];
        const digest = voteDigest(input.text("tag"), network, input.integer("epoch"), input.integer("size"), root);
        checkSignature(input.bytes("signature"), digest, input.bytes("public"));
        return { digest: hex(digest) };
      },
    },
    {
      what: "expiry",
      in: [
        "expires_at_unix_ms", "header_index", "header_time_unix_ms", "id", "network", "root", "signature", "size",
        "validator", "validator_set",
      ],
      check(input) {
        const set = parseSet(input.bytes("validator_set"));
        const said = {
          id: input.bytes("id", 32), expiresAtUnixMs: input.integer("expires_at_unix_ms"),
          headerIndex: input.integer("header_index"), headerTimeUnixMs: input.integer("header_time_unix_ms"),
          size: input.integer("size"), root: input.bytes("root", 32), validator: input.text("validator"),
        };
        return { digest: hex(verifyExpiry(input.bytes("network", 32), set, said, input.bytes("signature"))) };
      },
    },
    {
      what: "record",
      in: ["record", "seed"],
      check(input) {
        const record = readRecord(input);
        verifyRecord(record);
        const seed = input.bytes("seed", 32);
        same("the key of the seed", hex(ed25519.public(seed)), record.key);
        same("the proof made again", hex(ed25519.sign(recordDigest(record), seed)), record.proof);
        return { digest_of: digestText(record) };
      },
    },
    {
      what: "record",
      in: ["record"],
      check(input) {
        verifyRecord(readRecord(input));
        // Without it the proof could not be made again, and less would be compared.
        throw new Difference("an accepted record comes with the seed of its key");
      },
    },
    {
      what: "set",
      in: ["validator_set"],
      check(input) {
        const bytes = input.bytes("validator_set");
        const n = parseSet(bytes).length;
        return { faults: String((n - 1) / 3), hash: hex(setHash(bytes)), quorum: String(quorum(n)) };
      },
    },
    {
      what: "batch",
      in: ["batch", "leader", "network"],
      check(input) {
        const sealed = parseBatch(input.bytes("network", 32), input.bytes("batch"));
        verifyLeader(sealed, input.bytes("leader", 32));
        return {
          batch_hash: hex(sealed.hash), envelopes: String(sealed.envelopes.length), envelopes_hash: hex(sealed.envelopesHash),
          raw_header: hex(sealed.header),
        };
      },
    },
    {
      what: "epoch-vote",
      in: ["certified_epoch", "certified_root", "certified_size", "epoch", "network", "public", "signature"],
      check(input) {
        const certified = {
          epoch: input.integer("certified_epoch"), size: input.integer("certified_size"), root: input.bytes("certified_root", 32),
        };
        const [network, signature] = [input.bytes("network", 32), input.bytes("signature")];
        const digest = verifyEpochVote(network, input.integer("epoch"), certified, signature, input.bytes("public"));
        return { digest: hex(digest) };
      },
    },
    {
      what: "epoch-change",
      in: ["epoch_change", "network", "validator_set"],
      check(input) {
        const set = parseSet(input.bytes("validator_set"));
        const change = verifyEpochChange(input.bytes("network", 32), set, input.bytes("epoch_change"));
        const start = change.certificate ?? { epoch: 0n, size: 0n, root: new Uint8Array(32) };
        return {
          epoch: String(change.epoch), voters: change.votes.map(({ validator }) => validator).join(" "),
          start_epoch: String(start.epoch), start_size: String(start.size), start_root: hex(start.root),
        };
      },
    },
    {
      what: "evidence",
      in: ["evidence", "network", "validator_set"],
      check(input) {
        const set = parseSet(input.bytes("validator_set"));
        return { ...verifyEvidence(input.bytes("network", 32), set, input.bytes("evidence")) };
      },
    },
    {
      what: "complaint",
      in: ["leader", "network", "signature", "term", "validator", "validator_set"],
      check(input) {
        const set = parseSet(input.bytes("validator_set"));
        const said = { validator: input.text("validator"), term: input.integer("term"), leader: input.text("leader") };
        return { digest: hex(verifyComplaint(input.bytes("network", 32), set, said, input.bytes("signature"))) };
      },
    },
    {
      what: "submission",
      in: ["id", "include_by_size", "network", "seen_size", "signature", "submitted", "validator", "validator_set"],
      check(input) {
        const set = parseSet(input.bytes("validator_set"));
        const said = {
          id: input.bytes("id", 32), seenSize: input.integer("seen_size"), includeBySize: input.integer("include_by_size"),
          validator: input.text("validator"),
        };
        const [network, submitted] = [input.bytes("network", 32), input.bytes("submitted", 32)];
        return { digest: hex(verifySubmission(network, set, submitted, said, input.bytes("signature"))) };
      },
    },
    {
      what: "election",
      in: ["candidate", "last_index", "last_term", "network", "public", "signature", "term"],
      check(input) {
        const digest = electionDigest(input.bytes("network", 32), {
          term: input.integer("term"), candidate: input.text("candidate"), lastIndex: input.integer("last_index"),
          lastTerm: input.integer("last_term"),
        });
        checkSignature(input.bytes("signature"), digest, input.bytes("public"));
        return { digest: hex(digest) };
      },
    },
    {
      what: "log-line",
      in: ["line", "network", "public", "root", "size"],
      check(input) {
        const [network, root] = [input.bytes("network", 32), input.bytes("root", 32)];
        const verifierKey = verifyLogLine(network, input.integer("size"), root, input.text("line"), input.bytes("public"));
        return { verifier_key: verifierKey };
      },
    },
  ],
};

function readRecord(input: Input): ValidatorRecord {
  const record: unknown = JSON.parse(input.text("record"));
  same("the record written again", JSON.stringify(record, recordFields), input.text("record"));
  const values = Object.values(record as object);
  if (values.length !== recordFields.length || values.some((value) => typeof value !== "string")) {
    throw new Difference("a record is six strings");
  }
  return record as ValidatorRecord;
}
