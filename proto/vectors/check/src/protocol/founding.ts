// What a genesis file founds (SPEC.md 6): the state of batch 0, and leaf 0, its header.
import { ascii, bigEndian, fromHex, hex, joined } from "./bytes.js";
import { readAccountText } from "./account.js";
import { authorityBytes, type Network } from "./genesis.js";
import { encode } from "./message.js";
import { StateSum } from "./state.js";
import { setHash } from "./validator.js";

/** foundingEntries gives the state's entries by key, both in hexadecimal, as the table of SPEC.md 6 writes them. */
export function foundingEntries({ genesis, set }: Network): Map<string, string> {
  const entries = new Map<string, string>();
  const put = (letter: string, key: Uint8Array[], ...value: Uint8Array[]) =>
    entries.set(hex(joined(ascii(letter), ...key)), hex(joined(...value)));
  const u8 = (value: bigint | number) => bigEndian(value, 8);
  const u4 = (value: bigint | number) => bigEndian(value, 4);
  const zero = u8(0);

  genesis.accounts.forEach(({ id, authority }, i) => {
    put("a", [readAccountText(id)], u8(i + 1), authorityBytes(authority));
    put("#", [u8(i + 1)], readAccountText(id));
  });
  put("n", [ascii("accounts")], u8(genesis.accounts.length));

  const balances = new Map<string, bigint>();
  const supplies = new Map<bigint, bigint>();
  for (const { asset, credit, amount } of genesis.issues) {
    const balance = hex(joined(readAccountText(credit), u4(asset)));
    balances.set(balance, (balances.get(balance) ?? 0n) + amount);
    supplies.set(asset, (supplies.get(asset) ?? 0n) + amount);
  }
  for (const [balance, posted] of balances) put("b", [fromHex(balance)], u8(posted), zero, zero);
  genesis.assets.forEach(({ code, scale, issuer }, i) => {
    put("s", [u4(i + 1)], u8(supplies.get(BigInt(i + 1)) ?? 0), bigEndian(scale, 1), readAccountText(issuer), ascii(code));
  });
  for (const tier of genesis.tiers) put("t", [u4(tier.asset)], u8(tier.cap_transaction), u8(tier.cap_day));

  for (const { account, name, key, schedules } of genesis.providers) {
    put("p", [readAccountText(account)], fromHex(key), ascii(name));
    put("k", [fromHex(key)], readAccountText(account));
    schedules.forEach(({ asset, flat, effective_at_unix_ms }, i) => {
      put("f", [readAccountText(account), u4(i + 1)], u4(asset), u8(flat), u8(effective_at_unix_ms), zero);
    });
  }
  for (const { alias, account, sealed_name } of genesis.aliases) {
    put("l", [fromHex(alias)], readAccountText(account), new Uint8Array([1]), fromHex(sealed_name));
  }
  for (const grant of genesis.grants) {
    put(
      "g", [readAccountText(grant.account), fromHex(grant.grantee)], u4(grant.asset), u8(grant.cap_transaction),
      u8(grant.cap_day), u8(grant.fee_ceiling), u8(grant.expires_at_unix_ms), zero, zero, u4(1 << 1),
    );
  }
  put("r", [], u4(genesis.rules_version), u4(genesis.day_offset_minutes));
  put("v", [], set);
  return entries;
}

/** foundingLeaf is leaf 0: the header of batch 0, in the place of whose hash stands the network id. */
export function foundingLeaf(network: Network): Uint8Array {
  const sum = new StateSum(network.id);
  for (const [key, value] of foundingEntries(network)) sum.add(fromHex(key), fromHex(value));
  const value = {
    timeUnixMs: network.genesis.time_unix_ms, stateRoot: sum.root(), validatorSetHash: setHash(network.set),
    rulesVersion: Number(network.genesis.rules_version), batchHash: network.id,
  };
  return encode("Leaf", { leaf: { case: "header", value } });
}
