import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** What the program is called in stack traces. V8 keeps it with the code, so it must not say where that was built. */
export const PROGRAM_NAME = 'oci-measure.cjs';

/** A program as an expression: a function of what CommonJS gives to a module. */
export function asFunction(program: string): string {
  return `(function (exports, require, module, __filename, __dirname) {${program}\n})`;
}

/**
 * Runs the program to its end, which is _exit(2): what V8 has compiled by then is kept. That must not depend on chance, as it would with
 * threads, nor on the machine that builds: on who builds there, or on what its file system says of files (SELinux).
 */
const TRAINER = `
process.geteuid = () => 1;
require('node:os').availableParallelism = () => 1;
const ffi = require('node:ffi');
const { readFileSync, writeFileSync } = require('node:fs');
const { Script } = require('node:vm');
const { dlopen } = ffi;
const script = new Script(readFileSync('program', 'latin1'), { filename: '${PROGRAM_NAME}' });
ffi.dlopen = (path, signatures) => {
  if ('_exit' in signatures) writeFileSync('code-cache', script.createCachedData());
  const library = dlopen(path, signatures);
  if ('llistxattr' in signatures) library.functions.llistxattr = () => 0;
  return library;
};
script.runInThisContext()(exports, require, module, __filename, __dirname);
`;

/**
 * V8 compiles a function when it is called first, and Node's own code cache holds none that was not. That takes 10 of the 190 ms
 * of a digest (measured). So the digest of a small tree is taken first: functions that it calls need no compiling again.
 *
 * The same program gives the same bytes.
 *
 * @param work an empty directory
 * @param nodeOptions V8's must be those that the program will run under: it believes no other cache
 */
export async function makeCodeCache(
  work: string,
  program: string,
  nodeOptions: readonly string[],
): Promise<Buffer> {
  writeFileSync(join(work, 'program'), program, 'latin1');
  writeFileSync(join(work, 'trainer.cjs'), TRAINER);
  makeTree(join(work, 'tree'));
  const args = [...nodeOptions, 'trainer.cjs', 'digest', 'tree'];
  await promisify(execFile)(process.execPath, args, { cwd: work, env: {} });
  return readFileSync(join(work, 'code-cache'));
}

function makeTree(path: string): void {
  mkdirSync(join(path, 'a', 'b'), { recursive: true });
  writeFileSync(join(path, 'a', 'file'), 'content');
  writeFileSync(join(path, 'a', 'empty'), '');
  symlinkSync('a/file', join(path, 'link'));
}
