import { DigestError } from '#digest/errors';
import { quoted } from '#digest/quoted';
import { HookError } from '#hook/errors';

/** Whatever kept a rootfs from being measured, as the reason why the container is not measured. */
export function asHookError(error: unknown, rootfs: string): unknown {
  if (error instanceof HookError) return error;
  if (error instanceof DigestError && error.cause instanceof HookError) return error.cause;
  if (!(error instanceof DigestError) && !isSystemError(error)) return error;
  const code = error instanceof DigestError && error.code === 'interrupted' ? 'deadline' : 'rootfs';
  const message = `could not measure the rootfs ${quoted(rootfs)}: ${error.message}`;
  return new HookError(code, message, { cause: error });
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}
