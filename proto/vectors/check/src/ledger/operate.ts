// The function of each act (SPEC.md 5.4).
import type { Act, Acts } from "../protocol/act.js";
import {
  cancelRecovery, completeRecovery, issueGrant, openAccount, revokeGrant, setAuthority, setTier, startRecovery,
} from "./account.js";
import { attestAlias, bindAlias, cancelMove, confirmMove, releaseAlias, startMove } from "./alias.js";
import { defineAsset, issue, listPayee, redeem, setLimits, stateReserve } from "./asset.js";
import { captureHold, declineRequest, placeHold, releaseHold, requestPayment } from "./hold.js";
import { bulkTransfer, giveBack, transfer } from "./payment.js";
import { publishFees, registerProvider } from "./provider.js";
import type { Running } from "./record.js";
import { propose, vote } from "./vote.js";

const functions: { [Name in keyof Acts]: (run: Running, act: Acts[Name]) => void } = {
  openAccount, issueGrant, revokeGrant, bindAlias, issue, transfer, setAuthority, setTier, startRecovery, cancelRecovery,
  completeRecovery, attestAlias, releaseAlias, startMove, cancelMove, confirmMove, defineAsset, setLimits, listPayee, redeem,
  stateReserve, bulkTransfer, placeHold, captureHold, releaseHold, requestPayment, declineRequest, return: giveBack,
  registerProvider, publishFees, propose, vote,
};

/** operate does one operation on the state that the operations before it left, or refuses it by a code. */
export function operate(run: Running, act: Act): void {
  (functions[act.case] as (run: Running, act: object) => void)(run, act.value);
}
