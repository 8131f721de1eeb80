// Providers (SPEC.md 5.19): the directory, and what they charge.
import type { Acts } from "../protocol/act.js";
import { bigEndian, equal, joined } from "../protocol/bytes.js";
import { encode, parse } from "../protocol/message.js";
import type { Provider } from "../protocol/act.js";
import { must, present } from "./code.js";
import { dayMs } from "./moment.js";
import { bandsOf, raises } from "./payment.js";
import type { Running } from "./record.js";

const mostRetired = 8;

export function registerProvider(run: Running, act: Acts["registerProvider"]): void {
  const { account, key } = act;
  const owner = run.state.get("k", key)?.bytes("account");
  must(owner === undefined || equal(owner, account), "KEY_TAKEN");
  const before = run.state.get("p", account);
  const last = before && parse<Provider>("RegisterProvider", before.bytes("entry")).key;
  let retired = before?.list("retired") ?? [];
  if (last !== undefined && !equal(last, key)) {
    // A retired key may be taken up again; the one before it retires.
    retired = [...retired.filter((one) => !equal(one, key)), last];
    must(retired.length <= mostRetired, "NOTHING_TO_CHANGE");
    run.state.put("k", { providerKey: last, account, retired: 1n });
  }
  run.state.put("k", { providerKey: key, account });
  const kept = { shares: before?.integer("shares") ?? 1n, version: before?.integer("version") ?? 0n };
  run.state.put("p", { account, ...kept, retired, entry: encode("RegisterProvider", act) });
}

export function publishFees(run: Running, act: Acts["publishFees"]): void {
  must(run.moment.asset(act.asset) !== undefined, "ASSET_UNKNOWN");
  const provider = present(run.state.get("p", act.provider), "PROVIDER_UNKNOWN");
  const version = run.state.get("e", act.provider, [act.asset, 4])?.integer("version");
  const before = version === undefined ? undefined : run.state.get("f", act.provider, [version, 4]);
  const from = act.effectiveAtUnixMs;
  const isInTime = from >= run.time && from <= run.time + 365n * dayMs;
  must(isInTime && (before === undefined || from > before.integer("from")), "TIME_NOT_VALID");
  must(BigInt(act.version) === provider.integer("version") + 1n, "VERSION_NOT_NEXT");
  must(before === undefined || before.integer("from") <= run.time, "FEE_SCHEDULE_PENDING");
  const raising = before !== undefined && raises(bandsOf(before), act.bands);
  must(!raising || from >= run.time + 8n * dayMs, "FEE_RAISE_TOO_SOON");
  if (before !== undefined) run.state.update(before, { replacedFrom: from });
  const bands = act.bands.map(({ upTo, flat, basisPoints }) => {
    return joined(bigEndian(upTo, 8), bigEndian(flat, 8), bigEndian(basisPoints, 4));
  });
  const [asset, number] = [BigInt(act.asset), BigInt(act.version)];
  run.state.put("f", { account: act.provider, version: number, asset, from, bands: joined(...bands) });
  run.state.put("e", { account: act.provider, asset, version: number });
  run.state.update(provider, { version: number });
}
