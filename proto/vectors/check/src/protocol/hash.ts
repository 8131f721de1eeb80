// The hashes and signatures that SPEC.md builds on.
import { createHash, createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import { schnorr, secp256k1 } from "@noble/curves/secp256k1.js";
import { ascii, fromHex, hex, joined } from "./bytes.js";
import { refuseUnless } from "./refusal.js";

export function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(bytes).digest());
}

/** taggedHash is BIP340's: the tag's hash twice, then the parts. */
export function taggedHash(tag: string, ...parts: Uint8Array[]): Uint8Array {
  const prefix = sha256(ascii(tag));
  return sha256(joined(prefix, prefix, ...parts));
}

// What was found of keys and signatures: the same ones stand in many cases, and curves are slow.
const points = new Map<string, boolean>();
const signatures = new Map<string, boolean>();
const mostKnown = 20000;

function once(known: Map<string, boolean>, name: string, find: () => boolean): boolean {
  const found = known.get(name) ?? find();
  if (known.size >= mostKnown) known.clear();
  known.set(name, found);
  return found;
}

/** isPoint tells whether 32 bytes are the x of a point of the curve, which a BIP340 public key must be. */
export function isPoint(key: Uint8Array): boolean {
  return once(points, hex(key), () => isPointAnew(key));
}

function isPointAnew(key: Uint8Array): boolean {
  try {
    secp256k1.Point.fromBytes(joined(new Uint8Array([2]), key)).assertValidity();
    return true;
  } catch {
    return false;
  }
}

export const bip340 = {
  public: (secret: Uint8Array) => schnorr.getPublicKey(secret),
  /** sign takes 32 zero bytes as auxiliary input, as all signatures of the vectors do. */
  sign: (digest: Uint8Array, secret: Uint8Array) => schnorr.sign(digest, secret, new Uint8Array(32)),
  verify(signature: Uint8Array, digest: Uint8Array, key: Uint8Array): boolean {
    if (key.length !== 32 || signature.length !== 64 || !isPoint(key)) return false;
    const name = `bip340 ${hex(signature)} ${hex(digest)} ${hex(key)}`;
    return once(signatures, name, () => schnorr.verify(signature, digest, key));
  },
};

// DER of RFC 8410 in front of 32 bytes of seed or key: node's crypto takes keys in that form only.
const seedPrefix = fromHex("302e020100300506032b657004220420");
const keyPrefix = fromHex("302a300506032b6570032100");

export const ed25519 = {
  public(seed: Uint8Array): Uint8Array {
    const der = createPublicKey(privateKey(seed)).export({ format: "der", type: "spki" });
    return new Uint8Array(der.subarray(keyPrefix.length));
  },
  sign: (message: Uint8Array, seed: Uint8Array) => new Uint8Array(sign(null, message, privateKey(seed))),
  verify(signature: Uint8Array, message: Uint8Array, key: Uint8Array): boolean {
    if (key.length !== 32 || signature.length !== 64) return false;
    const name = `ed25519 ${hex(signature)} ${hex(sha256(message))} ${hex(key)}`;
    return once(signatures, name, () => verifyEd25519(signature, message, key));
  },
};

function verifyEd25519(signature: Uint8Array, message: Uint8Array, key: Uint8Array): boolean {
  try {
    const der = Buffer.from(joined(keyPrefix, key));
    return verify(null, message, createPublicKey({ key: der, format: "der", type: "spki" }), signature);
  } catch {
    return false; // Not a point of the curve.
  }
}

function privateKey(seed: Uint8Array) {
  refuseUnless(seed.length === 32, "seed", `an Ed25519 seed has 32 bytes, not ${seed.length}`);
  return createPrivateKey({ key: Buffer.from(joined(seedPrefix, seed)), format: "der", type: "pkcs8" });
}
