import type { STDERR, STDOUT } from './output.ts';

const signatures = { isatty: { arguments: ['i32'], return: 'i32' } } as const;

/** Whether a person looks at it: isatty(3). That of `node:tty` loads Node's network first, which takes 4 ms (measured). */
export function isTerminal(descriptor: typeof STDOUT | typeof STDERR): boolean {
  const { functions } = process.getBuiltinModule('node:ffi').dlopen(null, signatures);
  return functions.isatty(descriptor) === 1;
}
