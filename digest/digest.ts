import { DigestError } from './errors.ts';

/** Algorithm and value: `sha256:` and 64 lower-case hexadecimal digits. */
export type DigestText = `sha256:${string}`;

const SHA256 = /^sha256:[0-9a-f]{64}$/;

export function isDigest(text: string): text is DigestText {
  return SHA256.test(text);
}

/** @throws {DigestError} `malformed` */
export function parseDigest(text: string): DigestText {
  if (!isDigest(text)) {
    throw new DigestError(
      'malformed',
      `expected "sha256:" and 64 lower-case hexadecimal digits, found ${JSON.stringify(text)}`,
    );
  }
  return text;
}
