/**
 * SHA-256 (FIPS 180-4) by the OpenSSL that Node carries, without `node:crypto`: to load that takes a thread 8 ms (measured),
 * and all of a small image takes 150. Node lets addons call this OpenSSL, so its functions are there to be found.
 */
import { type Address, Memory } from './linux-syscalls.ts';

/** See linux-syscalls.ts: calls with seven arguments are converted faster. */
const PADDING = 'i32';

// crypto/evp/digest.c of OpenSSL 3. A size_t below 2^32 is passed in a whole register.
const signatures = {
  EVP_MD_fetch: { arguments: ['pointer', 'pointer', 'pointer'], return: 'pointer' },
  EVP_Digest: {
    arguments: ['pointer', 'u32', 'pointer', 'pointer', 'pointer', 'pointer', PADDING],
    return: 'i32',
  },
  EVP_MD_CTX_new: { arguments: [], return: 'pointer' },
  EVP_MD_CTX_free: { arguments: ['pointer'], return: 'void' },
  EVP_DigestInit_ex: { arguments: ['pointer', 'pointer', 'pointer'], return: 'i32' },
  EVP_DigestUpdate: { arguments: ['pointer', 'pointer', 'u32'], return: 'i32' },
  EVP_DigestFinal_ex: { arguments: ['pointer', 'pointer', 'pointer'], return: 'i32' },
} as const;

/** In hexadecimal: what the content of an empty file has. */
export const SHA256_OF_NOTHING = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

const NULL = 0n;
const space = new Memory(32);
const digest: Uint8Array = space.bytes.subarray(0, 32);

type OpenSSL = ReturnType<typeof load>;

let loaded: OpenSSL | undefined;

function load() {
  const { functions } = process.getBuiltinModule('node:ffi').dlopen(null, signatures);
  const text = 'SHA256\0';
  const name = new Memory(text.length);
  name.bytes.write(text, 'latin1');
  const algorithm = functions.EVP_MD_fetch(NULL, name.address, NULL);
  if (algorithm === NULL) throw new Error('OpenSSL has no SHA-256');
  return { ...functions, algorithm };
}

function openssl(): OpenSSL {
  return (loaded ??= load());
}

function check(status: number): void {
  if (status !== 1) throw new Error('OpenSSL could not hash');
}

/**
 * @param length below 2^32
 * @returns 32 bytes, valid until anything else is hashed
 */
export function sha256(from: Address, length: number): Uint8Array {
  const { EVP_Digest, algorithm } = openssl();
  check(EVP_Digest(from, length, space.address, NULL, algorithm, NULL, 0));
  return digest;
}

/** Of what comes in parts. */
export class Sha256 implements Disposable {
  readonly #context: bigint;
  #isFree = false;

  constructor() {
    const { EVP_MD_CTX_new, EVP_DigestInit_ex, algorithm } = openssl();
    this.#context = EVP_MD_CTX_new();
    check(this.#context === NULL ? 0 : EVP_DigestInit_ex(this.#context, algorithm, NULL));
  }

  /** @param length below 2^32 */
  update(from: Address, length: number): void {
    check(openssl().EVP_DigestUpdate(this.#context, from, length));
  }

  /** To be called once, after all parts. @returns as {@link sha256} */
  digest(): Uint8Array {
    check(openssl().EVP_DigestFinal_ex(this.#context, space.address, NULL));
    return digest;
  }

  [Symbol.dispose](): void {
    if (!this.#isFree) openssl().EVP_MD_CTX_free(this.#context);
    this.#isFree = true;
  }
}
