// Entries of the directory (SPEC.md 3.6): providers and attestors.
import type { Attestor, Provider } from "./act.js";
import { key, telephone, text, texts, type Fields } from "./field.js";

export function checkProvider(provider: Provider, fields: Fields): void {
  fields.account("account", provider.account);
  key("key", provider.key);
  text("name", provider.name, 32);
  texts("codes", provider.codes, 8, 24);
  texts("languages", provider.languages, 16, 16);
  texts("endpoints", provider.endpoints, 8, 128);
  telephone(provider.telephone);
}

export function checkAttestor(attestor: Attestor, fields: Fields): void {
  fields.account("account", attestor.account);
  key("key", attestor.key);
  text("name", attestor.name, 32);
  fields.accountOrAbsent("provider", attestor.provider);
  texts("endpoints", attestor.endpoints, 8, 128);
}
