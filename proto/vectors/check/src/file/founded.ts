// The network that a case names by the case of network.json which founds it.
import type { Library } from "../kind.js";
import { parseGenesis, type Network } from "../protocol/genesis.js";

// A document is parsed once for the many cases that name it.
const networks = new Map<string, Network>();

export function founded(reference: string, library: Library): Network {
  const document = library.input(reference, "genesis");
  const network = networks.get(document) ?? parseGenesis(document);
  networks.set(document, network);
  return network;
}
