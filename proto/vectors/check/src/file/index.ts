// All vector files that this program knows. A file that is not in this list, or is and is not there, is a difference.
import type { Kinds } from "../kind.js";
import { account, number } from "./account.js";
import { alias } from "./alias.js";
import { canonical } from "./canonical.js";
import { checkpoint } from "./checkpoint.js";
import { compact } from "./compact.js";
import { id } from "./id.js";
import { leaf } from "./leaf.js";
import { ledger } from "./ledger.js";
import { network } from "./network.js";
import { receipt } from "./receipt.js";
import { state } from "./state.js";
import { transaction } from "./transaction.js";
import { validator } from "./validator.js";

export const files: Kinds[] = [
  network, canonical, account, number, alias, id, transaction, leaf, state, checkpoint, receipt, validator, compact, ledger,
];
