/** `ENOENT` and the like, of an error that Node made; undefined of one that has no code. */
export function systemErrorCode(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
