/** The C library's functions, by `node:ffi`, which is loaded with the first of them, once per thread. */
import type { FunctionDefinitions, WrappedFunctionsFromDefinitions } from 'node:ffi';

export const EIO = 5;

let readErrno: (() => number) | undefined;

/** Opens the library anew: an opened one gives each symbol one signature. */
export function cFunctions<const T extends FunctionDefinitions>(
  signatures: T,
): WrappedFunctionsFromDefinitions<T> {
  const ffi = process.getBuiltinModule('node:ffi');
  readErrno ??= errnoReader(ffi);
  return ffi.dlopen(null, signatures).functions;
}

/** Where errno lies is asked before any call: to ask behind one that failed could change it. */
function errnoReader(ffi: typeof import('node:ffi')): () => number {
  const location = { __errno_location: { arguments: [], return: 'pointer' } } as const;
  const address = ffi.dlopen(null, location).functions.__errno_location();
  return () => ffi.getInt32(address, 0);
}

/** The number of the error that the call just made ended with. A failure stays one even if errno was lost on the way. */
export function lastErrno(): number {
  return readErrno?.() || EIO;
}

/** −1 from the C library becomes the negated errno, read before anything else can change it. */
export function result(value: number): number {
  return value === -1 ? -lastErrno() : value;
}
