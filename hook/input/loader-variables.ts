import { HookError } from '#hook/errors';

// They stand in the log in clear, which is in memory and is never cut. Real ones have some hundred bytes.
const maxBytes = 65_536;

/**
 * The entries of process.env, whole and in their order, that make the dynamic loader or libc load other code than the image's
 * files say: `LD_*` (ld.so(8), and musl's), `GLIBC_TUNABLES`, and `GCONV_PATH`, from where iconv loads shared objects.
 *
 * What steers an interpreter (PYTHONPATH, NODE_OPTIONS, BASH_ENV…) is not here: there is no end to it, values hold passwords at times
 * (JAVA_TOOL_OPTIONS), and `env`'s digest covers every variable.
 *
 * @throws HookError `bundle`: more than 64 KiB of them, with which a container that is started again and again could fill the log
 */
export function loaderVariables(env: readonly string[]): string[] {
  const found = env.filter((entry) =>
    /^(?:LD_[^=]*|GLIBC_TUNABLES|GCONV_PATH)(?:=|$)/s.test(entry),
  );
  const bytes = found.reduce((sum, entry) => sum + Buffer.byteLength(entry), 0);
  if (bytes <= maxBytes) return found;
  throw new HookError(
    'bundle',
    `process.env: expected at most ${maxBytes} bytes of variables that steer a loader, found ${bytes}`,
  );
}
