/**
 * The entries of process.env, whole and in their order, that make the dynamic loader or libc load other code than the image's
 * files say: `LD_*` (ld.so(8), and musl's), `GLIBC_TUNABLES`, and `GCONV_PATH`, from where iconv loads shared objects.
 *
 * What steers an interpreter (PYTHONPATH, NODE_OPTIONS, BASH_ENV…) is not here: there is no end to it, values hold passwords at times
 * (JAVA_TOOL_OPTIONS), and `env`'s digest covers every variable.
 */
export function loaderVariables(env: readonly string[]): string[] {
  return env.filter((entry) => /^(?:LD_[^=]*|GLIBC_TUNABLES|GCONV_PATH)(?:=|$)/s.test(entry));
}
