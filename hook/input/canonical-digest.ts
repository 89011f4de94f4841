import { sha256 } from '@noble/hashes/sha2.js';
import canonicalize from 'canonicalize';
import type { Sha256Text } from '#hook/log/measurement-event';

/** SHA-256 over the UTF-8 bytes of a JSON value's canonical form (RFC 8785). The value's strings are well-formed Unicode. */
export function canonicalDigest(value: object): Sha256Text {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('no JSON value');
  return `sha256:${sha256(new TextEncoder().encode(text)).toHex()}`;
}
