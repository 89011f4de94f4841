/** `ENOENT` and the like, of an error that the system made; undefined of any other. */
export function systemErrorCode(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
